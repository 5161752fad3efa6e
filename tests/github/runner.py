"""A runner of workflows, small: jobs in their order, `run` steps for real, actions by stand-ins.

What GitHub's runner does around a step is done here as it documents it: `env`, `with`, `if`,
expressions, `GITHUB_OUTPUT`, `GITHUB_ENV`, `GITHUB_PATH`, `GITHUB_STEP_SUMMARY`, composite actions.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tests.github.expressions import evaluate, filled, shown

ROOT = Path(__file__).parents[2]

Action = Callable[[Mapping[str, str], Path], Mapping[str, str]]
"""A stand-in of an action: its inputs and the job's workspace -> its outputs."""


class Step(msgspec.Struct, kw_only=True):
    """What came of a step.

    Attributes:
        name: its id, else what it uses or runs.
        outcome: `success`, `failure` or `skipped`.
        log: what it printed; empty for stand-ins.
        inputs: of an action.
        environ: what its own `env` gave it.
    """

    name: str
    outcome: str
    log: str = ""
    inputs: dict[str, str] = {}
    environ: dict[str, str] = {}


class Job(msgspec.Struct, kw_only=True):
    """What came of a job.

    Attributes:
        result: `success`, `failure` or `skipped`.
        steps: those of composite actions among them.
        outputs: of the job.
        summary: what people read.
    """

    result: str
    steps: list[Step]
    outputs: dict[str, str] = {}
    summary: str = ""

    def step(self, name: str) -> Step:
        """Return the first step of a name."""
        return next(step for step in self.steps if step.name == name)

    @property
    def log(self) -> str:
        """Everything that its steps printed."""
        return "".join(step.log for step in self.steps)


class Runner:
    """Runs the jobs of a workflow.

    Args:
        folder: for workspaces and scratch files; one sub-folder a job, as on different machines.
        actions: stand-ins, by `owner/name` or `owner/name/path`.
        secrets: of the repository; `environments`: environment -> its own secrets.
        github: of the `github` context.
        environ: of every step; the test's `PATH` and nothing else by default.
        instead: step id -> what it would write for later steps (GITHUB_ENV); it is not run.
    """

    def __init__(
        self,
        folder: Path,
        *,
        actions: Mapping[str, Action],
        secrets: Mapping[str, str] = {},
        environments: Mapping[str, Mapping[str, str]] = {},
        github: Mapping[str, str] = {},
        environ: Mapping[str, str] = {},
        instead: Mapping[str, Mapping[str, str]] = {},
    ) -> None:
        self.folder, self.actions, self.instead = folder, actions, instead
        self.secrets, self.environments = secrets, environments
        self.github = {"event_name": "workflow_dispatch", "workflow": "w", "ref": "r", **github}
        self.environ = {"PATH": os.environ["PATH"], **environ}

    def run(
        self, workflow: str, inputs: Mapping[str, str], done: Mapping[str, Job] = {}
    ) -> dict[str, Job]:
        """Run a workflow of this repository.

        Args:
            workflow: its file's name without suffix.
            inputs: what is asked for; defaults are those of `workflow_dispatch`, where it is that.
            done: jobs that were run before, which are not run again.
        """
        path = ROOT / ".github" / "workflows" / f"{workflow}.yml"
        read: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        # YAML 1.1 takes the key `on` for true.
        declared = (read[True].get("workflow_dispatch") or {}).get("inputs", {})
        given = {}
        if self.github["event_name"] == "workflow_dispatch":
            given = {name: shown(one.get("default", "")) for name, one in declared.items()}
        given |= inputs
        done = dict(done)
        for name, job in read["jobs"].items():
            if name in done:
                continue
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            if any(done[need].result != "success" for need in needs):
                done[name] = Job(result="skipped", steps=[])
            else:
                done[name] = _JobRun(self, name, job, given, done).run()
        return done


class _JobRun:
    def __init__(
        self,
        runner: Runner,
        name: str,
        job: Mapping[str, Any],
        inputs: Mapping[str, str],
        done: Mapping[str, Job],
    ) -> None:
        self.runner, self.job = runner, job
        self.folder = runner.folder / name
        self.workspace, self.temp = self.folder / "workspace", self.folder / "temp"
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.temp.mkdir(exist_ok=True)
        self.environ = dict(runner.environ)
        needs = {
            other: {"outputs": one.outputs, "result": one.result} for other, one in done.items()
        }
        self.context: dict[str, Any] = {
            "inputs": dict(inputs),
            "github": runner.github,
            "needs": needs,
            "steps": {},
            "runner": {"temp": str(self.temp)},
        }
        environment = job.get("environment", {})
        kept = environment.get("name", "") if isinstance(environment, dict) else environment
        own = runner.environments.get(filled(str(kept), self.context), {})
        self.context["secrets"] = {**runner.secrets, **own}
        self.steps: list[Step] = []
        self.failed = False

    def run(self) -> Job:
        for step in self.job["steps"]:
            self._step(step, self.context, None)
        said = self.job.get("outputs", {})
        return Job(
            result="failure" if self.failed else "success",
            steps=self.steps,
            outputs={name: filled(str(text), self.context) for name, text in said.items()},
            summary=self._file("summary").read_text(encoding="utf-8"),
        )

    def _step(self, step: Mapping[str, Any], context: dict[str, Any], action: Path | None) -> None:
        name = str(step.get("id") or step.get("uses", "").partition("@")[0] or step["run"])
        condition = str(step.get("if", "success()"))
        context = {**context, "failed": self.failed}
        runs = bool(evaluate(condition.removeprefix("${{").removesuffix("}}"), context))
        if self.failed and not any(word in condition for word in ("always()", "failure()")):
            runs = False
        if not runs:
            self.steps.append(Step(name=name, outcome="skipped"))
            return
        outputs: Mapping[str, str] = {}
        if step.get("id") in self.runner.instead:
            self.environ |= self.runner.instead[step["id"]]
        elif "run" in step:
            outputs = self._run(name, step, context, action)
        else:
            inputs = {key: filled(str(one), context) for key, one in step.get("with", {}).items()}
            outputs = self._use(step["uses"].partition("@")[0], inputs)
        if "id" in step:
            context["steps"][step["id"]] = {"outputs": outputs}

    def _use(self, name: str, inputs: dict[str, str]) -> Mapping[str, str]:
        if not name.startswith("$/"):
            outputs = self.runner.actions[name](inputs, self.workspace)
            self.steps.append(Step(name=name, outcome="success", inputs=inputs))
            return outputs
        folder = ROOT / name.removeprefix("$/")
        read = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
        for key, one in read.get("inputs", {}).items():
            assert key in inputs or not one.get("required"), f"{name} needs {key}"
            inputs.setdefault(key, str(one.get("default", "")))
        assert inputs.keys() <= read.get("inputs", {}).keys(), f"{name} has no such inputs"
        context = {**self.context, "inputs": inputs, "steps": {}, "secrets": {}}
        self.steps.append(Step(name=name, outcome="success", inputs=inputs))
        for step in read["runs"]["steps"]:
            self._step(step, context, folder)
        said = read.get("outputs", {})
        return {key: filled(str(one["value"]), context) for key, one in said.items()}

    def _run(
        self,
        name: str,
        step: Mapping[str, Any],
        context: Mapping[str, Any],
        action: Path | None,
    ) -> dict[str, str]:
        own = {key: filled(str(one), context) for key, one in step.get("env", {}).items()}
        files = {key: str(self._file(key)) for key in ("output", "env", "path", "summary")}
        environ = {
            **self.environ,
            **own,
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTION_PATH": str(action or ""),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": files["output"],
            "GITHUB_ENV": files["env"],
            "GITHUB_PATH": files["path"],
            "GITHUB_STEP_SUMMARY": files["summary"],
        }
        Path(files["output"]).write_text("", encoding="utf-8")
        script = self.temp / "script.sh"
        script.write_text(filled(step["run"], context), encoding="utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        outcome = "failure" if done.returncode else "success"
        self.failed |= bool(done.returncode)
        self.steps.append(Step(name=name, outcome=outcome, log=done.stdout, environ=own))
        self._take_over()
        return _pairs(Path(files["output"]).read_text(encoding="utf-8"))

    def _take_over(self) -> None:
        """Give later steps what this one wrote for them."""
        self.environ |= _pairs(self._file("env").read_text(encoding="utf-8"))
        for line in self._file("path").read_text(encoding="utf-8").splitlines():
            if line not in self.environ["PATH"].split(":"):
                self.environ["PATH"] = f"{line}:{self.environ['PATH']}"

    def _file(self, name: str) -> Path:
        path = self.temp / f"github-{name}"
        path.touch()
        return path


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
