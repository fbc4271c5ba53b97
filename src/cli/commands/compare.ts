// The command that compares methods.
import { recipeCommand } from "./recipe-command.ts";

export const compare = recipeCommand(
  "compare",
  "make sets by several methods and compare them: accuracy, bytes, time, memory",
  "distillery compare --recipe compare-demo",
  "distillery compare --data cifar10 --compare-methods infer,infer-copies,random,rded --compare-ipc 10,50",
  'distillery compare --data cifar10 --compare-methods "infer,infer labelBytes=2KB,infer precision=I8,random"',
  "distillery compare --recipe cifar10-ipc10 --labels hard,static,dynamic --seeds 5 --json > comparison.json",
);
