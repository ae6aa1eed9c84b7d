"""compare.py must be able to fail: each way of losing or changing an item is noticed, OTLP JSON's freedoms are not."""

import contextlib
import copy
import io
import json
import pathlib
import sys
import tempfile
import unittest

import compare

SPAN = {
    "traceId": "0102030405060708090a0b0c0d0e0f10",
    "spanId": "0102030405060708",
    "name": "é",
    "startTimeUnixNano": "5",
    "attributes": [{"key": "seq", "value": {"stringValue": "s-1"}}, {"key": "zero", "value": {"intValue": "0"}}],
    "events": [{"name": "a", "timeUnixNano": "1"}, {"name": "b", "timeUnixNano": "2"}],
}
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "x"}}]}
SCOPE = {"name": "scope"}


def request(*spans, scope=SCOPE):
    return {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"scope": scope, "spans": list(spans)}]}]}


def run(arrived, *flags, span=SPAN):
    """The exit code and what was printed, for one accepted span and these requests in the file."""
    with tempfile.TemporaryDirectory() as folder:
        sent, out = pathlib.Path(folder, "sent.jsonl"), pathlib.Path(folder, "out.json")
        item = {"record": span, "resource": RESOURCE, "scope": SCOPE, "schemas": [None, None]}
        sent.write_text(json.dumps({"signal": "traces", "seq": "s-1", "item": item}) + "\n" if span else "")
        out.write_text("".join(json.dumps(one) + "\n" for one in arrived))
        sys.argv = ["compare.py", "--sent", str(sent), "--arrived", str(out), *flags]
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            code = compare.main()
    return code, printed.getvalue()


def changed(change):
    span = copy.deepcopy(SPAN)
    change(span)
    return span


class Compare(unittest.TestCase):
    def noticed(self, arrived, words, *flags):
        code, printed = run(arrived, *flags)
        self.assertEqual(code, 1, printed)
        self.assertIn(words, printed)

    def test_the_same_passes(self):
        self.assertEqual(run([request(SPAN)])[0], 0)

    def test_freedoms_of_json_pass(self):
        def respell(span):
            span.update(startTimeUnixNano=5, endTimeUnixNano="0", kind=0, links=[], traceState="")
            span["attributes"][1]["value"] = {"intValue": 0}

        self.assertEqual(run([request(changed(respell))]), run([request(SPAN)]))

    def test_a_lost_item(self):
        self.noticed([], "accepted, never arrived")

    def test_a_duplicate(self):
        self.noticed([request(SPAN), request(SPAN)], "arrived 2 times")
        self.assertEqual(run([request(SPAN, SPAN)], "--at-least-once")[0], 0)

    def test_an_unknown_item(self):
        other = changed(lambda span: span["attributes"][0]["value"].update(stringValue="s-2"))
        self.noticed([request(SPAN, other)], "no client says")
        self.assertEqual(run([request(SPAN, other)], "--ignore-unknown")[0], 0)

    def test_every_kind_of_change(self):
        changes = {
            ".record.name: sent": lambda span: span.update(name="e"),
            ".record.events: lost": lambda span: span.pop("events"),
            ".record.kind: added": lambda span: span.update(kind=2),
            ".record.events[0].name": lambda span: span["events"].reverse(),
            ".record.attributes: sent": lambda span: span["attributes"].pop(),
            ".value.intValue: lost": lambda span: span["attributes"][1].update(value={"doubleValue": 0}),
            ".record.startTimeUnixNano: sent 5, got 6": lambda span: span.update(startTimeUnixNano="6"),
        }
        for words, change in changes.items():
            with self.subTest(words):
                self.noticed([request(changed(change))], words)

    def test_another_scope(self):
        self.noticed([request(SPAN, scope={"name": "other"})], ".scope.name")

    def test_nothing_sent_proves_nothing(self):
        self.assertEqual(run([], span=None)[0], 1)


if __name__ == "__main__":
    unittest.main()
