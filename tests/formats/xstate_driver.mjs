// Runs machines in XState: `node xstate_driver.mjs LIBRARY CASES`, one JSON list to standard output.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [library, asked] = process.argv.slice(2);
const { createMachine, initialTransition, transition } = createRequire(import.meta.url)(library);

const leaves = (snapshot) =>
  snapshot._nodes
    .filter((node) => Object.keys(node.states).length === 0)
    .map((node) => node.key)
    .sort();

function course({ config, events, only }) {
  const machine = createMachine({ ...config, options: { maxIterations: 1000 } });
  if (only === "build") return "built";
  let [snapshot] = initialTransition(machine);
  const stands = [leaves(snapshot)];
  for (const type of events) {
    if (snapshot.status !== "active") break;
    try {
      [snapshot] = transition(machine, snapshot, { type });
      if (snapshot.status === "error") throw snapshot.error;
      stands.push(leaves(snapshot));
    } catch (error) {
      if (!String(error.message).startsWith("Infinite loop")) throw error;
      stands.push(["for ever"]);
      break;
    }
  }
  return stands;
}

const told = JSON.parse(readFileSync(asked, "utf8")).map((each) => {
  try {
    return course(each);
  } catch (error) {
    return String(error.message ?? error).slice(0, 300);
  }
});
process.stdout.write(JSON.stringify(told));
