// The command that does the whole path.
import { recipeCommand } from "./recipe-command.ts";

export const run = recipeCommand(
  "run",
  "do all of it: teachers, compensators, labels, the set, students, a report",
  "distillery run demo",
  "distillery run cifar10 --ipc 50 --teachers convnet,resnet18 --out runs/c10-50",
  "distillery run --recipe recipe.yaml --seed 7 --json > report.json",
);
