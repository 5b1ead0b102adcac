// Does its slow work, and then reads, changes and saves in one window.
//
// A timer reads its tasks, announces one, which takes a while, and writes down what it has done.
// Nobody wants to hold a lock for as long as that.
//
// Right: what is saved was read after the work, under the lock. The work needs no lock.
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");

const [directory, token] = process.argv.slice(2);
const path = `${directory}/state.json`;

// flock(1) locks the open file that it is given, which is that of this process and stays locked.
function lock() {
  const file = fs.openSync(`${directory}/lock`, "a");
  const { status } = spawnSync("flock", ["3"], { stdio: ["ignore", "ignore", "inherit", file] });
  if (status !== 0) process.exit(1);
}

function load() {
  return fs.existsSync(path) ? JSON.parse(fs.readFileSync(path, "utf8")) : { tokens: [] };
}

function save(state) {
  const temporary = `${path}.${token}`;
  fs.writeFileSync(temporary, JSON.stringify(state));
  fs.renameSync(temporary, path);
}

function announce() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}

announce();
lock();
const state = load();
state.tokens.push(token);
save(state);
