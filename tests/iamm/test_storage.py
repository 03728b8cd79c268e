import pytest
from django.core.management import call_command

from iamm.storage import BundledStaticFilesStorage

FILES = {
    "css/site.css": '@layer base, pages;\n@import url("base.css") layer(base);\n@import url("home.css") layer(pages);\n',
    "css/base.css": '@font-face {\n  src: url("../fonts/letter.woff2");\n}\n',
    "css/home.css": ".hero {\n  color: red;\n}\n",
    "fonts/letter.woff2": "not really a font",
}


@pytest.fixture
def source(tmp_path, settings):
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STATIC_ROOT = str(tmp_path / "collected")
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "iamm.storage.BundledStaticFilesStorage"}
    }
    for name, text in FILES.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "source"


def collected(name):
    storage = BundledStaticFilesStorage()
    with storage.open(storage.stored_name(name)) as file:
        return file.read().decode()


def test_the_stylesheet_holds_what_it_imports_in_its_layers(source):
    call_command("collectstatic", interactive=False, verbosity=0)

    font = BundledStaticFilesStorage().stored_name("fonts/letter.woff2").removeprefix("fonts/")
    assert collected("css/site.css") == (
        "@layer base, pages;\n"
        f'@layer base {{\n@font-face {{\n  src: url("../fonts/{font}");\n}}\n}}\n'
        "@layer pages {\n.hero {\n  color: red;\n}\n}\n"
    )


def test_a_changed_import_changes_the_stylesheet_and_its_name(source):
    call_command("collectstatic", interactive=False, verbosity=0)
    first = BundledStaticFilesStorage().stored_name("css/site.css")
    (source / "css" / "home.css").write_text(".hero {\n  color: blue;\n}\n")

    call_command("collectstatic", interactive=False, verbosity=0)

    assert BundledStaticFilesStorage().stored_name("css/site.css") != first
    assert collected("css/site.css").endswith("@layer pages {\n.hero {\n  color: blue;\n}\n}\n")


def test_a_missing_import_stops_the_collection(source):
    (source / "css" / "home.css").unlink()

    with pytest.raises(KeyError, match=r"css/home\.css"):
        call_command("collectstatic", interactive=False, verbosity=0)


def test_a_dry_run_writes_nothing(source, tmp_path):
    call_command("collectstatic", interactive=False, verbosity=0, dry_run=True)

    assert list((tmp_path / "collected").rglob("*")) == []
