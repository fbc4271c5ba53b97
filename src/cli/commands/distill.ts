// The command that makes a set.
import { recipeCommand } from "./recipe-command.ts";

export const distill = recipeCommand(
  "distill",
  "make the distilled set (and its teachers, if they are not there yet)",
  "distillery distill --data cifar10 --ipc 10 --iterations 2000 --out runs/c10",
  "distillery distill --data cifar10 --method infer --method-option alpha=0.5 --method-option precision=I8",
);
