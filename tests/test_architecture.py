"""The house rules that a reader would otherwise have to check by eye."""

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from django.template.utils import get_app_template_dirs
from django.urls import URLPattern, get_resolver

ROOT = Path(__file__).parent.parent
FLOORS = {
    "journal": set(),
    "documents": {"journal"},
    "mailing": {"documents", "journal"},
    "partners": {"documents", "journal"},
    "accounts": {"mailing", "documents", "journal"},
    "payments": {"mailing", "accounts", "documents", "journal"},
    "members": {"payments", "mailing", "accounts", "documents", "journal"},
    "events": {"members", "payments", "partners", "mailing", "accounts", "documents", "journal"},
    "iamm": {"events", "members", "payments", "partners", "mailing", "accounts", "documents", "journal"},
}
NAMESPACES = {
    "trainings": "events",
    "bookings": "events",
    "speakers": "events",
    "calendars": "events",
    "organisations": "members",
}
ERROR_PAGES = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}
ASKED_BY_ALLAUTH = {"account/password_reset_help_text.html"}  # which has none of its own


@cache
def tracked():
    """The files of the project, as git knows them, with those not added yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return [Path(name) for name in names if name and (ROOT / name).is_file()]


def files(*patterns):
    return [path for path in tracked() if any(path.match(pattern) for pattern in patterns)]


def read(path):
    return (ROOT / path).read_text()


PYTHON = [path for path in files("*.py") if "migrations" not in path.parts]
TEMPLATES = [path for path in tracked() if path.parts[0] == "templates"]


@cache
def tree(path):
    return ast.parse(read(path))


def imported_apps(path):
    """The apps of ours that a module imports, also only for its types or inside a function."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        yield from (name.split(".")[0] for name in names if name.split(".")[0] in FLOORS)


def functions(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("app", FLOORS)
def test_an_app_imports_only_the_apps_below_it(app):
    found = {
        f"{path} imports {other}"
        for path in PYTHON
        if path.parts[0] == app
        for other in imported_apps(path)
        if other not in FLOORS[app] | {app}
    }

    assert found == set()


def test_no_file_is_named_for_nothing():
    refused = {"utils.py", "helpers.py", "services.py", "managers.py", "common.py"}

    assert [str(path) for path in PYTHON if path.name in refused and path.parts[0] != "tests"] == []


def test_files_and_functions_are_short():
    long_files = {str(path): len(read(path).splitlines()) for path in PYTHON}
    long_functions = {
        f"{path}:{node.name}": length
        for path in PYTHON
        for node, length in functions(path)
        if length >= (40 if path.name == "views.py" else 50)
    }

    assert {
        name: length
        for name, length in long_files.items()
        if length >= (450 if name.startswith("tests") else 400)
    } == {}
    assert long_functions == {}


def our_routes(patterns, namespace=""):
    for pattern in patterns:
        if not isinstance(pattern, URLPattern):
            yield from our_routes(pattern.url_patterns, pattern.namespace or namespace)
        elif namespace != "admin" and pattern.callback.__module__.split(".")[0] in FLOORS:
            yield NAMESPACES.get(namespace, namespace) or "iamm", pattern.name, pattern.callback


def pages_rendered_by(path, name):
    [view] = [node for node, _ in functions(path) if node.name == name]
    texts = {node.value for node in ast.walk(view) if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and text.endswith(".html")}


def test_a_route_its_view_and_its_template_have_one_name():
    wrong = []
    for app, name, view in our_routes(get_resolver().url_patterns):
        path = Path(view.__module__.replace(".", "/") + ".py")
        if (path.parts[0], view.__name__) != (app, name):
            wrong.append(f"{app}:{name} is {view.__module__}.{view.__name__}")
        elif not pages_rendered_by(path, name) <= {f"{app}/{name}.html"}:
            wrong.append(f"{app}:{name} renders {pages_rendered_by(path, name)}")

    assert wrong == []


def test_each_template_is_used():
    sources = "\n".join(read(path) for path in [*PYTHON, *TEMPLATES] if path.parts[0] != "tests")
    theirs = [*get_app_template_dirs("templates")]

    def is_used(name):
        stem = re.sub(r"_(subject|message)\.txt$", "", name)
        name_alone = re.sub(r"^(events|members)/email/", "", stem)  # their emails.py add it to each name
        short = re.sub(
            r"^admin/(\w+/){1,2}(?=\w+\.html$)", "admin/", name
        )  # admin/<app>/<model>/change_form.html
        overrides = any((folder / one).is_file() for folder in theirs for one in (name, short))
        return (
            overrides
            or name in ERROR_PAGES | ASKED_BY_ALLAUTH
            or f'"{name}"' in sources
            or f'"{stem}"' in sources
            or f'"{name_alone}"' in sources
            or f'"/{name}"' in sources  # a piece of a Typst document, named from the root
        )

    names = ["/".join(path.parts[1:]) for path in TEMPLATES]
    assert [name for name in names if not is_used(name)] == []


def test_no_page_holds_a_script_or_a_style_of_its_own():
    """The strict content security policy would not run it. A mail has no stylesheet, so its layout may."""
    inline = re.compile(
        r"<style|\sstyle=|\son\w+=|<script(?![^>]*(\ssrc=|application/(ld\+)?json))", re.IGNORECASE
    )

    pages = [path for path in TEMPLATES if "email" not in path.parts]
    assert [str(path) for path in pages if inline.search(read(path))] == []


def test_a_lock_names_no_address():
    assert [str(path) for path in files("*.lock", "package-lock.json") if "://" in read(path)] == []


def test_a_configuration_names_neither_a_host_nor_a_place_of_one_machine():
    configuration = files(
        "*.toml", "*.yml", "*.conf.py", "Makefile", "Dockerfile", "docker/*", "bin/*", ".ci/*"
    )
    host = re.compile(r"://(?:[^\s/@]*@)?([\w-]+(?:\.[\w-]+)+)")
    place = re.compile(r"(?<![\w.}])/(?:home|root|work|opt|tmp|Users)/")

    hosts = {name for path in configuration for name in host.findall(read(path))}
    assert hosts <= {"127.0.0.1", "portail.example.org"}
    assert [str(path) for path in configuration if place.search(read(path))] == []


def test_each_dependency_has_its_line_of_why():
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.match(r"[\w-]+", line)[0] for line in wanted}
    cells = re.findall(r"^\| ([^|]+) \|", read("docs/dependencies.md"), re.MULTILINE)

    assert {name for cell in cells for name in cell.split(", ")} - {"paquet"} == names
