"""Where charts come from, and what is said when nothing comes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import tarfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from acp_tui.clients.helm.charts import check_values, order_of, resolve, versions
from acp_tui.clients.helm.repositories import Repository
from acp_tui.model.errors import ChartError


class Site:
    """A web server on loopback: `files` maps paths to bodies, `asked` collects (path, Authorization)."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, self.headers.get("Authorization")))
                body = site.files.get(self.path)
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def archive(chart: Path, tmp_path: Path) -> Path:
    """Packed as `helm package` does: with an extra field in the gzip header."""
    path, plain = tmp_path / "web-1.0.0.tgz", tmp_path / "web.tar"
    with tarfile.open(plain, "w") as made:
        made.add(chart, arcname="web")
    packed = gzip.compress(plain.read_bytes(), mtime=0)
    extra = b"+aHR0cHM6Ly9leGFtcGxlLm9yZy8="
    path.write_bytes(packed[:3] + b"\x04" + packed[4:10] + len(extra).to_bytes(2, "little") + extra + packed[10:])
    return path


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


@pytest.fixture
def shop(site: Site, archive: Path) -> Site:
    """A repository with three versions of `web`."""
    data = archive.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    site.files["/charts/web-1.0.0.tgz"] = data
    entries = "".join(
        f"  - {{name: web, version: {version}, appVersion: 1.0, digest: {digest}, urls: [web-1.0.0.tgz]}}\n"
        for version in ("1.9.0", "1.10.0", "2.0.0-rc.1")
    )
    site.files["/charts/index.yaml"] = f"apiVersion: v1\nentries:\n  web:\n{entries}".encode()
    return site


async def test_a_folder_and_an_archive_tell_what_they_are(chart: Path, archive: Path, downloads: Path) -> None:
    for path in (chart, archive):
        found = await resolve(str(path), folder=downloads)
        assert (found.reference, found.name, found.version) == (str(path), "web", "1.0.0")
        assert found.app_version == "1e3"


async def test_an_oci_reference_is_left_to_the_engine(downloads: Path) -> None:
    for chart, repository in (("oci://r.example.org/charts/web", ""), ("web", "oci://r.example.org/charts/")):
        found = await resolve(chart, folder=downloads, version="1.2.3", repository=repository)
        assert (found.reference, found.name, found.version) == ("oci://r.example.org/charts/web", "web", "1.2.3")
        assert found.remote


async def test_a_repository_gives_its_newest_release(shop: Site, downloads: Path) -> None:
    found = await resolve("web", folder=downloads, repository=f"{shop.url}/charts")
    assert Path(found.reference).parent == downloads
    known = await versions("web", repository=f"{shop.url}/charts")
    assert [one.version for one in known] == ["2.0.0-rc.1", "1.10.0", "1.9.0"]
    assert [path for path, _ in shop.asked].count("/charts/web-1.0.0.tgz") == 1


async def test_a_version_that_is_not_there_is_answered_with_those_that_are(shop: Site, downloads: Path) -> None:
    with pytest.raises(ChartError) as caught:
        await resolve("web", folder=downloads, repository=f"{shop.url}/charts", version="3.0.0")
    assert "3.0.0" in caught.value.title
    assert "1.10.0" in caught.value.advice


async def test_an_archive_that_was_replaced_is_refused(shop: Site, downloads: Path) -> None:
    shop.files["/charts/web-1.0.0.tgz"] += b"x"
    with pytest.raises(ChartError, match="not the one its repository's index describes"):
        await resolve("web", folder=downloads, repository=f"{shop.url}/charts")


async def test_helm_s_own_repositories_are_known_by_name(shop: Site, downloads: Path, tmp_path: Path) -> None:
    home = tmp_path / "helm-home"
    home.mkdir()
    (home / "repositories.yaml").write_text(
        f"repositories:\n- {{name: shop, url: '{shop.url}/charts', username: me, password: sesame}}\n"
    )
    found = await resolve("shop/web", folder=downloads, env={"HELM_CONFIG_HOME": str(home)})
    assert found.name == "web"
    basic = "Basic " + base64.b64encode(b"me:sesame").decode()
    assert {authorization for _, authorization in shop.asked} == {basic}


async def test_credentials_go_to_no_other_host(site: Site) -> None:
    site.files["/x.tgz"] = b"x"
    elsewhere = Repository(name="shop", url="http://charts.example.org", username="me", password="sesame")
    await elsewhere.get(f"{site.url}/x.tgz", limit=10)
    assert site.asked == [("/x.tgz", None)]
    assert "sesame" not in repr(elsewhere)


async def test_an_unknown_repository_is_answered_with_the_known_ones(downloads: Path, tmp_path: Path) -> None:
    file = tmp_path / "repositories.yaml"
    file.write_text("repositories: [{name: shop, url: 'http://127.0.0.1:1'}]\n")
    with pytest.raises(ChartError) as caught:
        await resolve("shoop/web", folder=downloads, env={"HELM_REPOSITORY_CONFIG": str(file)})
    assert caught.value.tried == f"read {file}: shop"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>login</html>", "is not what Helm writes"),
        (b"entries: {web: 3}", "is not what Helm writes"),
        (b"entries: {other: []}", "is not in the repository"),
        (b"a: b: c", "is not what Helm writes"),
        (None, "does not give what is needed"),
    ],
)
async def test_a_site_that_is_no_repository_is_told_apart(
    site: Site, downloads: Path, body: bytes | None, what: str
) -> None:
    if body is not None:
        site.files["/index.yaml"] = body
    with pytest.raises(ChartError, match=what):
        await resolve("web", folder=downloads, repository=site.url)


async def test_a_download_has_a_limit(site: Site) -> None:
    site.files["/big"] = b"x" * 1000
    with pytest.raises(ChartError) as caught:
        await Repository(name="", url=site.url).get(f"{site.url}/big", limit=999)
    assert "more than 999 bytes" in caught.value.tried


async def test_a_url_shows_no_password() -> None:
    url = "http://me:sesame@127.0.0.1:1/x?token=hunter2"
    with pytest.raises(ChartError) as caught:
        await Repository(name="", url=url).get(url, limit=10)
    assert "sesame" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def make_empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def make_text(folder: Path) -> Path:
    (folder / "notes.tgz").write_text("hello")
    return folder / "notes.tgz"


def make_other_archive(folder: Path) -> Path:
    (folder / "README").write_text("hello")
    with tarfile.open(folder / "other.tgz", "w:gz") as made:
        made.add(folder / "README", arcname="README")
    return folder / "other.tgz"


def make_broken(folder: Path) -> Path:
    (folder / "broken").mkdir()
    (folder / "broken" / "Chart.yaml").write_text("a: b: c")
    return folder / "broken"


def make_nameless(folder: Path) -> Path:
    (folder / "nameless").mkdir()
    (folder / "nameless" / "Chart.yaml").write_text("version: 1.0.0")
    return folder / "nameless"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (make_empty, "No such file"),
        (make_text, "gzip"),
        (make_other_archive, "holds no NAME/Chart.yaml"),
        (make_broken, "not YAML"),
        (make_nameless, "names no chart"),
    ],
)
async def test_what_is_not_a_chart_is_called_so(
    tmp_path: Path, downloads: Path, make: Callable[[Path], Path], why: str
) -> None:
    with pytest.raises(ChartError, match="is not a chart") as caught:
        await resolve(str(make(tmp_path)), folder=downloads)
    assert why in caught.value.tried


async def test_a_chart_that_is_nowhere_is_answered_with_what_may_be_named(downloads: Path) -> None:
    with pytest.raises(ChartError) as caught:
        await resolve("./nope", folder=downloads)
    assert "oci://" in caught.value.advice


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: 1\n", "{}", "null", "---\na: {b: [1]}\n"])
def test_these_are_values(text: str) -> None:
    check_values(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb: c: d\n", "line 2, column 5"),
        ("a:\n\t- 1\n", "line 2, column 1"),
        ("- 1\n- 2\n", "line 1 starts a list"),
        ("hello", "line 1 starts a single value"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1"),
        ("a: [1\n", "line 2, column 1"),
    ],
)
def test_these_are_none_and_the_place_is_told(text: str, place: str) -> None:
    with pytest.raises(ChartError) as caught:
        check_values(text)
    assert caught.value.tried.startswith(place)


def test_values_nested_without_end_are_refused_not_followed() -> None:
    with pytest.raises(ChartError):
        check_values("a: " + "[" * 100_000)


def test_versions_are_ordered_as_semver_orders_them() -> None:
    ordered = ["nightly", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered += ["1.0.0-rc.1", "1.0.0", "v1.0.1", "1.2", "1.10.0"]
    shuffled = [*ordered[::2], *ordered[1::2]]
    assert sorted(shuffled, key=order_of) == ordered
