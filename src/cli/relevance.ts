// Lists of what matters to each command, for its help.

/** Parts of the path from data to report. */
type Part = "teachers" | "set" | "students" | "compare";

/** The parts that each command does; whatever is not named does all. */
const partsOf: Readonly<Record<string, readonly Part[]>> = {
  run: ["teachers", "set", "students"],
  teach: ["teachers"],
  distill: ["teachers", "set"],
  evaluate: ["teachers", "students"],
  compare: ["teachers", "set", "students", "compare"],
};

/** The parts that a field of the recipe, or a group of such, is for; one that is not named is for all. */
const fieldParts: Readonly<Record<string, readonly Part[]>> = {
  teacher: ["teachers"],
  method: ["set"],
  ipc: ["set"],
  iterations: ["set"],
  labelBytes: ["set"],
  setBytes: ["set"],
  draw: ["set", "students"],
  students: ["students"],
  labels: ["students"],
  seeds: ["students"],
  student: ["students"],
  full: ["students"],
  compare: ["compare"],
};

/** True for a field of the recipe that means something to a command; the others are taken, but not shown in its help. */
export const meansSomething = (command: string, [group = ""]: readonly string[]): boolean => {
  // Its methods stand in --compare-methods.
  if (command === "compare" && group === "method") return false;
  const [does, takes] = [partsOf[command], fieldParts[group]];
  return does === undefined || takes === undefined || takes.some((part) => does.includes(part));
};

/** Options that most people need; `--help` shows these, and `--help-all` the others as well. */
export const usualOptions: readonly string[] = [
  "--recipe",
  "--out",
  "--json",
  "--dry-run",
  "--quiet",
  "--data",
  "--resize",
  "--method",
  "--ipc",
  "--teachers",
  "--students",
  "--labels",
  "--seeds",
  "--device",
  "--compare-methods",
  "--compare-ipc",
  "--help",
  "--help-all",
];
