// Writes a temporary file with a name of its own, and renames it.
//
// "state.json.tmp" is the name that everybody thinks of. The program replaces the whole state and
// needs to know nothing of the one before, so it needs no lock.
//
// Right: no other process has this name for its temporary file, so what is renamed is whole.
//
// A state names its owner in each of its entries, so that any reader sees whether it is whole.
// Before it saves, a process reads what is there, and logs what is not whole.
const fs = require("node:fs");

const [directory, proc, token] = process.argv.slice(2);
const path = `${directory}/state.json`;

function isWhole(text) {
  try {
    const { owner, count, entries } = JSON.parse(text);
    return entries.length === count && entries.every((entry) => entry === owner);
  } catch {
    return false;
  }
}

function look() {
  if (fs.existsSync(path) && !isWhole(fs.readFileSync(path, "utf8"))) {
    fs.appendFileSync(`${directory}/log`, `${token} has read a state that nobody saved\n`);
  }
}

function save(state) {
  const temporary = `${path}.${token}`;
  fs.writeFileSync(temporary, JSON.stringify(state));
  try {
    fs.renameSync(temporary, path);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}

const count = proc % 2 ? 15_000 : 12_000;
for (let step = 0; step < 30; step += 1) {
  look();
  save({ owner: token, count, entries: new Array(count).fill(token) });
}
