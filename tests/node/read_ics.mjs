// What ical.js, the reader of Thunderbird, makes of a calendar given on standard input: its entries, as JSON.
import { readFileSync } from "node:fs"
import ICAL from "ical.js"

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")))
const text = (component, name) => component.getFirstPropertyValue(name)
const instant = (component, name) => new Date(component.getFirstPropertyValue(name).toUnixTime() * 1000).toISOString()

const entries = calendar.getAllSubcomponents("vevent").map((entry) => ({
  uid: text(entry, "uid"),
  sequence: text(entry, "sequence"),
  status: text(entry, "status"),
  summary: text(entry, "summary"),
  description: text(entry, "description"),
  location: text(entry, "location"),
  url: text(entry, "url"),
  geo: text(entry, "geo"),
  categories: entry.getFirstProperty("categories")?.getValues() ?? [],
  start: instant(entry, "dtstart"),
  end: instant(entry, "dtend"),
  stamp: instant(entry, "dtstamp"),
  modified: instant(entry, "last-modified"),
}))

const properties = Object.fromEntries(calendar.getAllProperties().map((one) => [one.name, String(one.getFirstValue())]))
process.stdout.write(JSON.stringify({ properties, entries }))
