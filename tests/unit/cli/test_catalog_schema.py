"""``esb catalog schema``."""

import json

from project_files import write


def test_the_schema_is_printed_as_json(esb, project):
    write(project, esb="{}\n")
    told = esb("-C", project, "catalog", "schema")
    assert told.code == 0
    assert json.loads(told.out)["$schema"] == "http://json-schema.org/draft-07/schema#"
