// The command that trains teachers.
import { recipeCommand } from "./recipe-command.ts";

export const teach = recipeCommand(
  "teach",
  "train the teachers only",
  "distillery teach --data photos/ --resize 64 --teachers convnet,convnet64x2 --teacher-epochs 20",
);
