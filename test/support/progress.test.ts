import { expect, test } from "vitest";
import { type ProgressEvent, progressTo } from "../../src/support/work/progress.ts";

test("tasks side by side are told apart by their numbers, and each ends once and for good", () => {
  const events: ProgressEvent[] = [];
  const progress = progressTo((event) => events.push(event));
  const one = progress.task("one", 2);
  const other = progress.task("other", 0);
  other.update(5);
  one.update(1, { loss: 0.5 });
  progress.note("a line");
  one.done();
  one.done();
  one.update(2);
  other.done();
  expect(events).toStrictEqual([
    { type: "start", task: 0, title: "one", total: 2 },
    { type: "start", task: 1, title: "other", total: 0 },
    { type: "update", task: 1, done: 5 },
    { type: "update", task: 0, done: 1, scalars: { loss: 0.5 } },
    { type: "note", text: "a line" },
    { type: "end", task: 0 },
    { type: "end", task: 1 },
  ]);
});
