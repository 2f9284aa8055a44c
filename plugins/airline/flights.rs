//! The flights, which no tool changes.
//!
//! Of each flight all is read but its days, by far the largest part; a day is read when asked for.

use std::ops::Range;

use crate::fault::Fault;
use crate::json::{Object, Scanner, parse};
use crate::table::{ReadFile, read_object, wrong};

const PATH: &str = "flights.json";

/// The flights of the data, read when first asked for.
pub(crate) struct Flights {
    read_file: ReadFile,
    timetable: Option<Timetable>,
}

/// All flights, in the order of the file.
pub(crate) struct Timetable {
    text: Vec<u8>,
    flights: Vec<Flight>,
}

/// One flight.
pub(crate) struct Flight {
    number: String,
    /// The flight's members without `dates`.
    pub(crate) members: Object,
    days: Range<usize>,
}

impl Flights {
    /// The flights of the granted data.
    pub(crate) fn new(read_file: ReadFile) -> Flights {
        Flights { read_file, timetable: None }
    }

    /// The timetable, read at the first call.
    ///
    /// # Errors
    /// A file that is not granted, is missing, or is not JSON of flights.
    pub(crate) fn timetable(&mut self) -> Result<&Timetable, Fault> {
        if self.timetable.is_none() {
            let text = (self.read_file)(PATH)?;
            let flights = read_flights(&text).map_err(|error| wrong(PATH, &error))?;
            self.timetable = Some(Timetable { text, flights });
        }
        Ok(self.timetable.as_ref().expect("it was read above"))
    }
}

impl Timetable {
    /// The flights, in the order of the file.
    pub(crate) fn flights(&self) -> impl Iterator<Item = &Flight> {
        self.flights.iter()
    }

    /// The flight of this number.
    pub(crate) fn find(&self, number: &str) -> Option<&Flight> {
        self.flights.iter().find(|flight| flight.number == number)
    }

    /// The record of a flight's day, if the date has one.
    ///
    /// # Errors
    /// Days that are not JSON.
    pub(crate) fn day(&self, flight: &Flight, date: &str) -> Result<Option<Object>, Fault> {
        let record = self.day_of(flight, date);
        record.map_err(|error| wrong(PATH, &format!("{:?}: {error}", flight.number)))
    }

    fn day_of(&self, flight: &Flight, date: &str) -> Result<Option<Object>, String> {
        let mut scanner = Scanner::new(&self.text, flight.days.start);
        scanner.enter()?;
        while let Some(key) = scanner.next_key()? {
            let range = scanner.skip_value()?;
            if key == date {
                return read_object(&self.text[range]).map(Some);
            }
        }
        Ok(None)
    }
}

impl Flight {
    /// A member that is text.
    ///
    /// # Errors
    /// A flight that lacks it.
    pub(crate) fn text(&self, key: &str) -> Result<&str, Fault> {
        let text = self.members.get(key)?.as_text();
        text.ok_or_else(|| wrong(PATH, &format!("{key} of {:?} is not text", self.number)))
    }
}

fn read_flights(text: &[u8]) -> Result<Vec<Flight>, String> {
    let mut scanner = Scanner::new(text, 0);
    let mut flights = Vec::new();
    scanner.enter()?;
    while let Some(number) = scanner.next_key()? {
        let number = number.into_owned();
        let flight = read_flight(text, &mut scanner, &number);
        flights.push(flight.map_err(|error| format!("{number:?}: {error}"))?);
    }
    Ok(flights)
}

/// Steps over the days once: this is most of the time that a search takes.
fn read_flight(text: &[u8], scanner: &mut Scanner<'_>, number: &str) -> Result<Flight, String> {
    let mut members = Object::default();
    let mut days = None;
    scanner.enter()?;
    while let Some(key) = scanner.next_key()? {
        let range = scanner.skip_value()?;
        if key == "dates" {
            days = Some(range);
        } else {
            let value = str::from_utf8(&text[range]).map_err(|_| "text that is not UTF-8")?;
            members.set(&key, parse(value)?);
        }
    }
    Ok(Flight { number: number.to_owned(), members, days: days.ok_or("no member dates")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Value, json};

    const TWO: &[u8] = br#"{
        "F1": {"origin": "SEA", "dates": {"2024-05-01": {"status": "landed"}}, "destination": "LAX"},
        "F2": {"origin": "LAX", "destination": "SEA", "dates": {}}
    }"#;

    #[test]
    fn a_flight_has_its_members_without_the_days() {
        let mut flights = Flights::new(|_| Ok(TWO.to_vec()));
        let timetable = flights.timetable().unwrap();
        let first = timetable.find("F1").unwrap();
        let members = json(&Value::Object(first.members.clone()));
        assert_eq!(members, r#"{"origin": "SEA", "destination": "LAX"}"#);
        let day = timetable.day(first, "2024-05-01").unwrap().unwrap();
        assert_eq!(day.get("status").unwrap().as_text(), Some("landed"));
        assert_eq!(timetable.day(first, "2024-05-02"), Ok(None));
        assert!(timetable.find("F3").is_none());
        assert_eq!(timetable.flights().count(), 2);
    }

    #[test]
    fn a_fault_names_the_file_and_the_flight() {
        let mut flights = Flights::new(|_| Ok(br#"{"F1": {"origin": "SEA"}}"#.to_vec()));
        let fault = flights.timetable().map(|_| ()).unwrap_err();
        let expected = "flights.json: \"F1\": no member dates";
        assert_eq!(fault, Fault::Data(expected.to_owned()));
    }
}
