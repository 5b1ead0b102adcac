// A mailbox that is a single file, overwritten by the next message.
//
// One process leaves a word for the next that comes by. Each of these leaves one, and every fourth
// of a lane takes what is there.
//
// Wrong: all messages have the same name, so one that has not been taken yet is gone when the next
// comes.
const fs = require("node:fs");

const [directory, iter, token] = process.argv.slice(2);

function send() {
  const temporary = `${directory}/new-${token}`;
  fs.writeFileSync(temporary, token);
  fs.renameSync(temporary, `${directory}/mail`);
}

function take(name, index) {
  try {
    fs.renameSync(`${directory}/${name}`, `${directory}/taken-${token}-${index}`);
  } catch (error) {
    if (error.code !== "ENOENT") throw error; // another process was quicker
  }
}

send();
if (iter % 4 === 0) {
  fs.readdirSync(directory).filter((name) => name.startsWith("mail")).forEach(take);
}
