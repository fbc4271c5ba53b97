import { describe, expect, it } from "vitest";
import { checkStudentName, checkTeacherName, wantedTeacher } from "../../src/teachers/teacher-names.ts";

const usage = (message: RegExp) => expect.objectContaining({ code: "USAGE", message: expect.stringMatching(message) });

describe("an entry of teachers", () => {
  it("is an architecture, a file, or both", () => {
    expect(wantedTeacher("resnet18")).toEqual({ kind: "trained", architecture: "resnet18" });
    expect(wantedTeacher("a/b.safetensors")).toEqual({ kind: "file", file: "a/b.safetensors" });
    expect(wantedTeacher("B.SafeTensors")).toEqual({ kind: "file", file: "B.SafeTensors" });
    expect(wantedTeacher("./resnet18=b.safetensors")).toEqual({ kind: "file", file: "./resnet18=b.safetensors" });
    expect(wantedTeacher("resnet18=c.safetensors")).toEqual({
      kind: "foreign",
      architecture: "resnet18",
      file: "c.safetensors",
    });
  });

  it.each(["resnet18", "convnet64x2in", "own.safetensors", "OWN.SAFETENSORS", "resnet18=X.SAFETENSORS"])(
    "may be %s",
    (entry) => {
      expect(() => checkTeacherName(entry)).not.toThrow();
    },
  );

  it.each(["pth", "pt", "bin", "h5", "npz", "pkl", "ckpt", "PTH", "safetensors.gz"])(
    "may not be a file of another kind: weights/net.%s",
    (ending) => {
      const file = `weights/net.${ending}`;
      expect(() => checkTeacherName(file)).toThrow(
        usage(
          /^teacher weights\/net\.\S+: it is a file, but none of safetensors, .*expected ARCHITECTURE=FILE\.safetensors, e\.g\. resnet18=weights\/net(\.safetensors)?\.safetensors, .*save_file writes a torch state_dict as such a file$/,
        ),
      );
      expect(() => checkTeacherName(`resnet18=${file}`)).toThrow(usage(/expected ARCHITECTURE=FILE\.safetensors, got/));
    },
  );

  it.each(["runs/demo/2-teachers", "./resnet18", "weights\\net"])("nor a path: %s", (path) => {
    expect(() => checkTeacherName(path)).toThrow(usage(/it is a file, but none of safetensors/));
  });

  it("nor misspelt", () => {
    expect(() => checkTeacherName("resnet81")).toThrow(
      usage(/unknown architecture "resnet81" \(did you mean "resnet18"/),
    );
  });
});

describe("an entry of students", () => {
  it.each(["net.pth", "own.safetensors", "resnet18=net.safetensors", "./resnet18", "resnet18="])(
    "is no file: %s",
    (entry) => {
      expect(() => checkStudentName(entry)).toThrow(
        usage(/^student \S+: expected the name of an architecture .*, got a file; .* weights are for --teachers$/),
      );
    },
  );

  it("is an architecture", () => {
    expect(() => checkStudentName("resnet18")).not.toThrow();
    expect(() => checkStudentName("resnet81")).toThrow(usage(/did you mean "resnet18"/));
  });
});
