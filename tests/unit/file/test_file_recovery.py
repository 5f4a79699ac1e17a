"""What is believed of a marker file whose process died: whoever may write into the folder can write one, too."""

import os

import pytest

from adapters.file.place import BadName


def mark(files, name, path):
    return files.write(f"{name}.camelLock", f"esb\n{files.folder / path}")


def poll(files, **options):
    poller = files.poller("in", recursive="true", **options)
    return poller.poll(0, lambda _: False)


@pytest.mark.parametrize("options", [{"preMove": "work"}, {"readLock": "changed", "readLockCheckInterval": 0}])
def test_a_marker_moves_no_file_that_preMove_would_not_have_put_there(files, options):  # noqa: N802 - an option
    files.write("secret/key", "secret")
    mark(files, "in/loot", "secret/key")
    poll(files, **options)
    assert files.tree("secret") == {"key": "secret"}


def test_a_marker_moves_no_file_through_a_link_in_the_folder(files):
    files.write("secret/loot", "secret")
    mark(files, "in/loot", "in/work/loot")
    (files.folder / "in/work").symlink_to(files.folder / "secret")
    poll(files, preMove="work")
    assert files.tree("secret") == {"loot": "secret"}


def test_a_marker_moves_no_link(files):
    files.write("secret", "secret")
    mark(files, "in/loot", "in/work/loot")
    (files.folder / "in/work").mkdir()
    (files.folder / "in/work/loot").symlink_to(files.folder / "secret")
    poll(files, preMove="work")
    assert not (files.folder / "in/loot").exists()


def test_a_marker_that_is_not_believed_is_told_once_and_left_for_somebody_to_look_at(files, caplog):
    files.write("secret/key", "secret")
    mark(files, "in/loot", "secret/key")
    poller = files.poller("in", preMove="work")
    for _ in range(3):
        poller.poll(0, lambda _: False)
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "secret/key" in told
    assert "in/loot.camelLock" in files.tree()


def test_a_file_beside_a_marker_that_is_not_believed_is_left_alone(files):
    files.write("old-work/a", "old")
    files.write("in/a", "new")
    mark(files, "in/a", "old-work/a")  # preMove was another one when its process died
    poller = files.poller("in", preMove="work")
    assert files.take(poller) == []
    assert files.tree("old-work") == {"a": "old"}


@pytest.mark.parametrize(
    ("pre_move", "where"),
    [
        ("work", "in/s/work/a.csv"),
        ("../work", "in/work/a.csv"),
        ("work/${file:name}", "in/work/s/a.csv"),
        ("work/${file:name.noext}-${file:size}-${date:file:yyyy}.${file:ext}", "in/work/s/a-3-2020.csv"),
        ("${date:now:yyyyMMdd}/${file:onlyname}", "in/20200624/a.csv"),
        ("work/${date:now:yyyy/MM/dd}/${file:onlyname}", "in/work/2020/06/24/a.csv"),
        ("work/${exchangeId}-${file:onlyname}", "in/work/0A1B-a.csv"),
        ("work/${uuid}-${file:onlyname}", "in/work/0A1B-a.csv"),
    ],
)
def test_a_marker_is_believed_where_preMove_would_have_put_the_file_at_its_time(files, pre_move, where):  # noqa: N802
    os.utime(files.write(where, "old"), (1_593_000_000,) * 2)
    mark(files, "in/s/a.csv", where)
    poll(files, preMove=pre_move)
    assert files.tree("in") == {"s/a.csv": "old"}


def test_the_size_and_time_in_preMove_are_those_of_the_file_that_was_moved(files):  # noqa: N802
    files.write("in/work/a-3", "old")
    files.write("in/a", "newer")
    mark(files, "in/a", "in/work/a-3")
    files.take(files.poller("in", preMove="work/${file:name}-${file:size}"))
    assert files.tree("in")["a~1"] == "old"


@pytest.mark.parametrize("jailed", ["true", "false"])
@pytest.mark.parametrize("exist", ["Override", "Append"])
def test_no_message_is_written_as_a_marker_file(files, jailed, exist):
    with pytest.raises(BadName, match="camelLock"):
        files.send(
            f"file:in?jailStartingDirectory={jailed}&fileExist={exist}", "esb\n/secret", CamelFileName="a.camelLock"
        )
    assert files.tree() == {}
