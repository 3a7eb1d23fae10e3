// Reads calendar files with a reader from npm and prints what each event says: its UID, its beginning, its end.
// node read.cjs FOLDER_OF_PACKAGES READER FILE...
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");

const [packages, reader, ...files] = process.argv.slice(2);
const load = createRequire(packages + "/");
const said = (uid, begins, ends) => [uid, begins.toISOString(), ends.toISOString()];

const readers = {
  "ical.js": (text) => {
    const found = load("ical.js");
    const ICAL = found.default ?? found;
    const calendar = new ICAL.Component(ICAL.parse(text));
    const events = calendar.getAllSubcomponents("vevent").map((each) => new ICAL.Event(each));
    return events.map((event) => said(event.uid, event.startDate.toJSDate(), event.endDate.toJSDate()));
  },
  "node-ical": (text) => {
    const events = Object.values(load("node-ical").sync.parseICS(text)).filter((each) => each.type === "VEVENT");
    return events.map((event) => said(event.uid, event.start, event.end));
  },
};

const read = files.map((file) => [file, readers[reader](readFileSync(file, "utf8"))]);
console.log(JSON.stringify(Object.fromEntries(read)));
