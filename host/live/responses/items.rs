//! The output items of a reply, from the pieces in which they come.
//!
//! A stream says the same text up to three times: in pieces, at the end of its part, and in the
//! finished item. What is finished replaces the pieces, and what comes after that is no news, so a
//! text counts once in whatever order a server tells it.

use std::collections::BTreeMap;

use serde::Deserialize;
use timeslip_timeline::conversation::ToolCall;

/// An item as a server writes it. Kinds that hold no words of the model for us are others.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum WireItem {
    Message {
        id: Option<String>,
        content: Option<Vec<WirePart>>,
    },
    FunctionCall {
        id: Option<String>,
        call_id: Option<String>,
        name: Option<String>,
        arguments: Option<String>,
    },
    Reasoning {
        id: Option<String>,
        content: Option<Vec<WirePart>>,
        summary: Option<Vec<WirePart>>,
    },
    #[serde(other)]
    Other,
}

impl WireItem {
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            WireItem::Message { id, .. }
            | WireItem::FunctionCall { id, .. }
            | WireItem::Reasoning { id, .. } => id.as_deref(),
            WireItem::Other => None,
        }
    }
}

/// A part of a message or of reasoning.
#[derive(Debug, Deserialize)]
pub(crate) struct WirePart {
    text: Option<String>,
    refusal: Option<String>,
}

/// Where a server says that a piece belongs: the item's name, its place among the items, or both.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Address<'e> {
    pub(crate) id: Option<&'e str>,
    pub(crate) index: Option<i64>,
}

/// The texts of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Content,
    Arguments,
    Reasoning,
    Summary,
}

/// What is put into a text.
#[derive(Debug)]
pub(crate) enum Piece {
    /// What comes next in it.
    Next(String),
    /// All of it.
    All(String),
}

/// All words of a reply.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) content: String,
    pub(crate) reasoning: String,
    pub(crate) calls: Vec<ToolCall>,
}

impl Words {
    /// Takes over what a server says that these are in the end, and gives the content in what had
    /// not come before, if anything had not. What it says nothing of stays.
    pub(crate) fn settle(&mut self, is: Words) -> Option<String> {
        let content = settle(&mut self.content, is.content);
        let reasoning = settle(&mut self.reasoning, is.reasoning);
        let has_new_calls = is.calls.len() > self.calls.len();
        if !is.calls.is_empty() {
            self.calls = is.calls;
        }
        let is_news = content.is_some() || reasoning.is_some() || has_new_calls;
        is_news.then(|| content.unwrap_or_default())
    }
}

/// Takes over what a text is in the end, and gives its new end, if it has one. An empty text says
/// nothing, and one that was written anew has no words that had not come.
fn settle(text: &mut String, is: String) -> Option<String> {
    if is.is_empty() {
        return None;
    }
    let end = is.strip_prefix(text.as_str()).filter(|end| !end.is_empty()).map(str::to_owned);
    *text = is;
    end
}

/// The items of a stream.
#[derive(Debug, Default)]
pub(crate) struct Items {
    items: Vec<Item>,
    by_id: BTreeMap<String, usize>,
    by_index: BTreeMap<i64, usize>,
}

impl Items {
    /// Puts a piece into a part of a text, and gives the content in it, if it has words.
    pub(crate) fn add(
        &mut self,
        address: Address<'_>,
        field: Field,
        part: i64,
        piece: Piece,
    ) -> Option<String> {
        let place = self.place(address, |_| false);
        let item = &mut self.items[place];
        if item.is_finished {
            return None;
        }
        let is_new_call = field == Field::Arguments && item.call.is_none();
        if is_new_call {
            item.call = Some(Call::default());
        }
        let news = item.text(field).add(part, piece);
        match field {
            Field::Content => news,
            // Only content is the assistant's answer.
            Field::Arguments | Field::Reasoning | Field::Summary => {
                (is_new_call || news.is_some()).then(String::new)
            }
        }
    }

    /// Reads an item that begins, and gives the content in it, if it has words.
    pub(crate) fn begin(&mut self, address: Address<'_>, item: WireItem) -> Option<String> {
        if matches!(item, WireItem::Other) {
            return None;
        }
        // A server may give all items the same place, so a second one that begins there is another.
        let place = self.place(address, |item| item.has_begun);
        let known = &mut self.items[place];
        if known.is_finished {
            return None;
        }
        known.has_begun = true;
        known.read(item)
    }

    /// Reads an item that is finished, and gives the content in what had not come before.
    pub(crate) fn finish(&mut self, address: Address<'_>, item: WireItem) -> Option<String> {
        if matches!(item, WireItem::Other) {
            return None;
        }
        // One that is told twice is told under the same name, or at the same place without any.
        let is_told_once = address.id.is_some() || address.index.is_none();
        let place = self.place(address, |item| item.is_finished && is_told_once);
        let known = &mut self.items[place];
        if known.is_finished {
            return None;
        }
        known.has_begun = true;
        known.is_finished = true;
        known.read(item)
    }

    /// The words of all items, in the order of their places.
    pub(crate) fn words(self) -> Words {
        let mut items: Vec<(i64, Item)> = (0..).zip(self.items).collect();
        items.sort_by_key(|(came, item)| item.index.unwrap_or(*came));
        words(items.into_iter().map(|(_, item)| item))
    }

    /// The place in the list of the item at this address, or of a new one. An item that is found by
    /// anything but its name does not count where it `is_another`.
    fn place(&mut self, address: Address<'_>, is_another: impl Fn(&Item) -> bool) -> usize {
        let named = address.id.and_then(|id| self.by_id.get(id)).copied();
        let near = match address {
            Address { index: Some(index), .. } => self.by_index.get(&index).copied(),
            Address { id: Some(_), index: None } => None,
            Address { id: None, index: None } => self.items.len().checked_sub(1),
        };
        let near = near.filter(|place| !is_another(&self.items[*place]));
        let place = named.or(near).unwrap_or_else(|| {
            self.items.push(Item { index: address.index, ..Item::default() });
            self.items.len() - 1
        });
        if let Some(id) = address.id {
            self.by_id.entry(id.to_owned()).or_insert(place);
        }
        if let Some(index) = address.index {
            self.by_index.insert(index, place);
        }
        place
    }
}

/// The words of a list of finished items.
pub(crate) fn words_of(items: Vec<WireItem>) -> Words {
    words(items.into_iter().map(|wire| {
        let mut item = Item { is_finished: true, ..Item::default() };
        item.read(wire);
        item
    }))
}

fn words(items: impl Iterator<Item = Item>) -> Words {
    let mut words = Words::default();
    let mut reasoning = Vec::new();
    for item in items {
        words.content.push_str(&item.content.joined(""));
        // Where a server tells both, the summary is one of the reasoning.
        let thoughts = [item.reasoning, item.summary].map(|text| text.joined(BETWEEN_THOUGHTS));
        reasoning.extend(thoughts.into_iter().find(|text| !text.is_empty()));
        words.calls.extend(item.call.map(|call| {
            let arguments = item.arguments.joined("");
            ToolCall { id: call.id, name: call.name, arguments }
        }));
    }
    words.reasoning = reasoning.join(BETWEEN_THOUGHTS);
    words
}

/// Parts of reasoning are paragraphs, most with a title.
const BETWEEN_THOUGHTS: &str = "\n\n";

/// An item as it adds up.
#[derive(Debug, Default)]
struct Item {
    index: Option<i64>,
    content: Text,
    arguments: Text,
    reasoning: Text,
    summary: Text,
    call: Option<Call>,
    has_begun: bool,
    is_finished: bool,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
}

impl Item {
    fn text(&mut self, field: Field) -> &mut Text {
        match field {
            Field::Content => &mut self.content,
            Field::Arguments => &mut self.arguments,
            Field::Reasoning => &mut self.reasoning,
            Field::Summary => &mut self.summary,
        }
    }

    /// Takes over what a server writes of the item, and gives the content in what had not come
    /// before, if anything had not. That there is a call is news in itself.
    fn read(&mut self, item: WireItem) -> Option<String> {
        match item {
            WireItem::Message { content, .. } => self.settle(Field::Content, content, ""),
            WireItem::Reasoning { content, summary, .. } => {
                let thoughts = self.settle(Field::Reasoning, content, BETWEEN_THOUGHTS);
                let summary = self.settle(Field::Summary, summary, BETWEEN_THOUGHTS);
                thoughts.or(summary).map(|_| String::new())
            }
            WireItem::FunctionCall { call_id, name, arguments, .. } => {
                let is_new = self.call.is_none();
                let call = self.call.get_or_insert_default();
                take_over(&mut call.id, call_id);
                take_over(&mut call.name, name);
                let all = vec![WirePart { text: arguments, refusal: None }];
                let news = self.settle(Field::Arguments, Some(all), "");
                (is_new || news.is_some()).then(String::new)
            }
            WireItem::Other => None,
        }
    }

    /// What an item that only begins says counts where nothing has come yet: its pieces may be
    /// told out of order.
    fn settle(
        &mut self,
        field: Field,
        parts: Option<Vec<WirePart>>,
        between: &str,
    ) -> Option<String> {
        let is_finished = self.is_finished;
        let text = self.text(field);
        match is_finished || text.parts.is_empty() {
            true => text.settle(parts.unwrap_or_default(), between),
            false => None,
        }
    }
}

fn take_over(text: &mut String, is: Option<String>) {
    if let Some(is) = is.filter(|is| !is.is_empty()) {
        *text = is;
    }
}

/// A text in parts, by the server's index.
#[derive(Debug, Default)]
struct Text {
    parts: BTreeMap<i64, Part>,
}

#[derive(Debug, Default)]
struct Part {
    text: String,
    is_finished: bool,
}

impl Text {
    /// Puts a piece into a part, and gives what had not come before.
    fn add(&mut self, index: i64, piece: Piece) -> Option<String> {
        let part = self.parts.entry(index).or_default();
        match (piece, part.is_finished) {
            (_, true) => None,
            (Piece::Next(next), false) => {
                part.text.push_str(&next);
                Some(next).filter(|next| !next.is_empty())
            }
            (Piece::All(all), false) => {
                part.is_finished = true;
                settle(&mut part.text, all)
            }
        }
    }

    /// Takes over what all parts are, and gives what had not come before. They become one part,
    /// since servers number them differently on the way and at the end.
    fn settle(&mut self, parts: Vec<WirePart>, between: &str) -> Option<String> {
        let texts = parts.into_iter().map(|WirePart { text, refusal }| {
            // A refusal is what the model says instead of content.
            text.unwrap_or_default() + &refusal.unwrap_or_default()
        });
        let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        let mut text = self.joined(between);
        let news = settle(&mut text, texts.join(between));
        self.parts = BTreeMap::from([(0, Part { text, is_finished: false })]);
        news
    }

    fn joined(&self, between: &str) -> String {
        let texts = self.parts.values().map(|part| part.text.as_str());
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(between)
    }
}
