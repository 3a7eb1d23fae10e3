import re
from pathlib import Path

import pytest

from insight_sessions.domain.project import Project
from insight_sessions.domain.project_file import MAX_FILE_BYTES
from insight_sessions.errors import ProjectFileError

from .desk_kit import project, session

GOOD = """\
id = "covid-backlogs"
title = "Exploring COVID-19 backlogs"
summary = "Members' experiences of backlogs."
timezone = "Europe/London"
apply_url = "https://example.org/apply"

[organiser]
name = "Q insight team"
email = "insight@example.org"

[call]
opens_at = 2021-06-14T09:00:00

[[sessions]]
id = "mon"
starts = 2021-07-05T10:00:00
minutes = 120
capacity = 1

[[sessions]]
id = "tue"
starts = 2021-07-06T14:00:00
minutes = 120
capacity = 1
"""


def written(tmp_path: Path, text: str | bytes) -> Path:
    """A project file."""
    path = tmp_path / "project.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problems(path: Path) -> tuple[str, ...]:
    """What is wrong with it."""
    with pytest.raises(ProjectFileError) as caught:
        Project.from_toml(path)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")
    return caught.value.problems


ELIGIBILITY = """
[[eligibility]]
rule = "attribute_in"
name = "setting"
values = ["acute"]

[[eligibility]]
rule = "not"
of = { rule = "any", of = [{ rule = "active_member" }, { rule = "absences_at_most", most = 1 }] }
objection = "For newcomers."
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('values = ["acute"]', "values = []", "eligibility[0].values (line 29): Tuple should have at least 1 item"),
        ("most = 1", "most = -1", "eligibility[1].of.of[1].most (line 33): Input should be greater than or equal"),
        ('objection = "For newcomers."', "", "eligibility[1].objection (line 31): must be there"),
        (
            '"attribute_in"',
            '"setting_in"',
            "eligibility[0] (line 26): there is no rule 'setting_in'; there are 'active_member', ",
        ),
        ('rule = "attribute_in"\n', "", "eligibility[0] (line 26): must have the key rule, which says"),
    ],
)
def test_a_wrong_rule_is_named_as_it_is_written(tmp_path: Path, old: str, new: str, said: str) -> None:
    """By where it stands, without the kinds of rules on the way; the known kinds are listed."""
    found = problems(written(tmp_path, f"{GOOD}{ELIGIBILITY.replace(old, new)}"))
    assert found[0].startswith(said)
    assert "setting_in" not in found[0] or "'not_taken_part_in', 'all', 'any', 'not'" in found[0]


def test_rules_that_are_no_table_are_refused(tmp_path: Path) -> None:
    """As everything of another kind."""
    (found,) = problems(written(tmp_path, f"eligibility = 3\n{GOOD}"))
    assert found.startswith("eligibility (line 1): must be a list")


def test_a_project_file_mirrors_the_class(tmp_path: Path) -> None:
    """Top-level keys and tables are the fields."""
    read = Project.from_toml(str(written(tmp_path, GOOD)))
    expected = project(session("mon"), session("tue"), call={"opens_at": "2021-06-14T09:00"})
    assert read == expected


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Exploring', 'title = "Explo\\nring', "title (line 2): control characters are not allowed"),
        (
            'timezone = "Europe/London"',
            'timezone = "Mars"',
            "timezone (line 4): no such time zone: 'Mars'; use an IANA",
        ),
        ("id = ", "places = 7\nid = ", "places (line 1): Input should be 'first-come', 'review' or 'allocation'"),
        ("id = ", "colour = 1\nid = ", "colour (line 1): there is no such key here"),
        ('email = "insight@example.org"', 'email = "x"', "organiser.email (line 9): not an e-mail address we can send"),
        ('name = "Q insight team"\n', "", "organiser.name (line 7): must be there"),
        (
            "minutes = 120\ncapacity = 1\n\n",
            "minutes = 0\n\n",
            "sessions[0].minutes (line 17): Input should be greater",
        ),
        ("2021-07-06T14:00:00", "2021-07-06", "sessions[1].starts (line 22): must be a date and a time, such as"),
        (
            "2021-07-06T14:00:00",
            '"06/07/2021 14:00"',
            "sessions[1].starts (line 22): must be a date and a time, such as",
        ),
        ("2021-07-06T14:00:00\n", "2021-07-06T14:00:00Z\n", "sessions[1].starts (line 22): must be local time without"),
        ('id = "tue"\n', "", "sessions[1].id (line 20): must be there"),
        ('id = "mon"\n', "", "sessions[0].id (line 14): must be there"),
        ('id = "tue"', 'id = "mon"', "sessions: two sessions have the id 'mon'"),
        ("2021-07-05T10:00:00", "2021-03-28T01:30:00", "sessions: the clocks in Europe/London skip 2021-03-28 01:30"),
        (
            "2021-06-14T09:00:00",
            "2021-06-14T09:00:00\ncloses_at = 2021-06-01T09:00:00",
            "project: the call must not clo",
        ),
        ("summary = ", "about = ", "summary: must be there"),
        ("[call]", "[offers]\nnotice_hours = 72\n[call]", "offers (line 11): notice_hours (72) must not"),
        ('id = "covid-backlogs"\n', "", "id: must be there"),
        ("[call]\nopens_at = 2021-06-14T09:00:00\n", "", None),
        ("[[sessions]]", "[[session]]", "session: there is no such key here"),
        ("[organiser]", "[ organiser ]", None),
        ("[call]", "[call", "Expected ']' at the end of a table declaration (at line 11, column 6)"),
        ('id = "covid-backlogs"', 'id = "covid-backlogs"\nid = "again"', "Cannot overwrite a value (at line 2, col"),
    ],
)
def test_a_wrong_file_names_key_line_and_reason(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    """Each problem once, with the line where it is known."""
    path = written(tmp_path, GOOD.replace(old, new, 1))
    if said is None:
        assert Project.from_toml(path).id == "covid-backlogs"
    else:
        assert [one for one in problems(path) if one.startswith(said)], problems(path)


def test_every_problem_is_named(tmp_path: Path) -> None:
    """So that a person mends all of them at once."""
    found = problems(written(tmp_path, GOOD.replace("minutes = 120", "minutes = 0")))
    assert [re.sub(r" \(line.*", "", one) for one in found] == ["sessions[0].minutes", "sessions[1].minutes"]


def test_an_inline_table_is_named_with_the_line_of_its_key(tmp_path: Path) -> None:
    """Where that is not known, none is made up."""
    head = GOOD.partition("[organiser]")[0]
    inline = 'organiser = {name = "Q", email = "x"}\nsessions = [{id = "mon"}]\n'
    found = problems(written(tmp_path, head + inline))
    assert found[0].startswith("organiser.email (line 7): not an e-mail address")
    assert "sessions[0].starts (line 8): must be there" in found
    quoted = problems(written(tmp_path, f'"eligibility" = [{{rule = "attribute_in", name = "x"}}]\n{GOOD}'))
    assert quoted == ("eligibility[0].values: must be there",)


@pytest.mark.parametrize("rest", ["", "  ", "\n  "])
def test_an_inline_rule_is_named_with_the_line_of_its_key(tmp_path: Path, rest: str) -> None:
    """However many lines the rules are written in."""
    inline = (
        f'eligibility = [{rest}{{rule = "attribute_in", name = "setting", values = []}},{rest}{{rule = "active"}}]\n'
    )
    found = problems(written(tmp_path, GOOD.replace("[organiser]", f"{inline}\n[organiser]")))
    assert [one.partition(":")[0] for one in found] == ["eligibility[0].values (line 7)", "eligibility[1] (line 7)"]


def test_a_table_whose_name_is_quoted_has_no_line(tmp_path: Path) -> None:
    """No line is better than that of another table."""
    first, header, second = GOOD.rpartition("[[sessions]]")
    wrong = f'{first}[["sessions"]]{second.replace("capacity = 1", "capacity = -1")}'
    assert header
    (found,) = problems(written(tmp_path, wrong))
    assert found.startswith("sessions[1].capacity: ")


@pytest.mark.parametrize("number", ["true", '"20"', "20.0"])
def test_a_whole_number_is_written_as_one(tmp_path: Path, number: str) -> None:
    """Not as a yes, a text or a fraction: each is more likely a slip than a number."""
    (found,) = problems(written(tmp_path, GOOD.replace("capacity = 1", f"capacity = {number}", 1)))
    assert found == "sessions[0].capacity (line 18): Input should be a valid integer"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"#" * (MAX_FILE_BYTES + 1), "is larger than 1 MiB"),
        (b'title = "\xff"', "is not UTF-8 text"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "{a = " * 100_000, "nested too deeply"),
        ("a = " + "9" * 5_000, "holds a number that is too long"),
        ("", "id: must be there"),
    ],
)
def test_a_file_that_is_no_project_at_all_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    """Too large, not text, nested without end, or empty."""
    assert said in problems(written(tmp_path, content))


def test_deep_keys_are_refused_like_any_other(tmp_path: Path) -> None:
    """They cost no stack, and those without end are not even read, which would take hours."""
    assert problems(written(tmp_path, GOOD.replace("id =", "x." * 1_000 + "x = 1\nid =", 1))) == (
        "x: there is no such key here",
    )
    assert problems(written(tmp_path, "x." * 500_000 + "x = 1")) == ("holds more than 4,000 dots",)


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    """1 MiB is not too large."""
    path = written(tmp_path, GOOD + "#" * (MAX_FILE_BYTES - len(GOOD)))
    assert Project.from_toml(path).id == "covid-backlogs"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With what the system says of it, and the system's error as the cause."""
    path = tmp_path / "missing.toml"
    with pytest.raises(ProjectFileError, match=r"missing\.toml: cannot be read: No such file") as caught:
        Project.from_toml(path)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('cancelled = "no"', "cancelled"),
        ('call.status = "open"', "call.status"),
        (
            'sessions = [{ id = "mon", starts = 2021-07-05T10:00:00, minutes = 120, sequence = 3 }]',
            "sessions[0].sequence",
        ),
        ('sessions = ["mon"]', "sessions[0]"),
        ('sessions = "mon"', "sessions"),
    ],
)
def test_what_the_library_keeps_is_not_for_a_file_to_say(tmp_path: Path, line: str, key: str) -> None:
    """Such keys would be overwritten in silence."""
    path = tmp_path / "project.toml"
    path.write_text(
        'id = "a"\ntitle = "A"\nsummary = "About it."\ntimezone = "Europe/London"\n'
        f'organiser = {{ name = "Team", email = "team@example.org" }}\n{line}\n',
        "utf-8",
    )
    with pytest.raises(ProjectFileError) as error:
        Project.from_toml(path)
    assert error.value.problems[0].startswith(key)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id = ", 'cancelled = "No."\nid = ', "cancelled (line 1): is for the library to say"),
        ("[call]", '[call]\nstatus = "open"', "call.status (line 12): is for the library to say"),
        ('id = "tue"', 'id = "tue"\nstatus = "held"', "sessions[1].status (line 22): is for the library to say"),
        ('id = "tue"', 'id = "tue"\nsequence = 3', "sessions[1].sequence (line 22): is for the library to say"),
        ("[call]\nopens_at = 2021-06-14T09:00:00", "", None),
        ("[call]\nopens_at = 2021-06-14T09:00:00\n\n[[sessions]]", "[[sessions]]", None),
    ],
)
def test_a_file_cannot_say_what_only_time_can(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    """Nothing of it is taken or silently left out."""
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    if said is None:
        assert Project.from_toml(path).call.status == "draft"
    else:
        assert problems(path) == (said,)


@pytest.mark.parametrize("wrong", ["sessions = 7", "sessions = [7]", "call = 7"])
def test_a_wrong_kind_of_value_is_named(tmp_path: Path, wrong: str) -> None:
    """Whatever stands where a table should."""
    head = GOOD.partition("[organiser]")[0]
    assert [one for one in problems(written(tmp_path, head + wrong)) if one.startswith(wrong.split(" ", 1)[0])]
