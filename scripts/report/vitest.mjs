// The Vitest reporter behind `npm run rows`.
import { fromRoot, writeTests } from "./tests.mjs";

export default class TestLines {
  #byProject = new Map();
  #filtered = false;

  onInit(vitest) {
    // A run of some tests by name says nothing about the others in the same file: leave the record alone.
    this.#filtered = Boolean(vitest.config.testNamePattern);
  }

  onTestCaseResult(test) {
    const { state } = test.result();
    const project = test.project.name;
    const lines = this.#byProject.get(project) ?? [];
    this.#byProject.set(project, lines);
    lines.push({
      name: test.fullName,
      state: state === "pending" ? "skipped" : state,
      file: fromRoot(test.module.moduleId),
    });
  }

  onTestRunEnd() {
    if (this.#filtered) return;
    for (const [project, lines] of this.#byProject) writeTests(project, lines);
  }
}
