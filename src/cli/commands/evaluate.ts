// The command that measures a set by students.
import { type CliCommand, setArgument } from "../command.ts";
import { filled, type OptionValues } from "../options.ts";
import { compute, withRecipe } from "./recipe-command.ts";

export const evaluate: CliCommand = {
  name: "evaluate",
  description: "train students on a set, on random images and on all the data, and report",
  define: (command, world) => {
    withRecipe(
      command,
      "distillery evaluate --data cifar10 --out runs/c10 --students convnet,resnet18 --seeds 5",
      "distillery evaluate path/to/set --data cifar10 --labels hard",
      "distillery evaluate hf://user/name --data cifar10 --labels hard",
    )
      .argument("[set]", `${setArgument}; absent: the one in --out`, filled("set", "the folder of a distilled set"))
      .action((set: string | undefined, values: OptionValues) =>
        compute(world, "evaluate", values, set === undefined ? {} : { set }),
      );
  },
};
