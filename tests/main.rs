//! End to end, through the command line: what a user types, and what they see. One binary, so that
//! the tests share one build.

mod accuracy;
mod airline;
mod author;
mod bad_input;
mod built_in;
mod calibrate;
mod cassettes;
mod command_line;
mod conformance;
mod cost_components;
mod delegation;
mod exports;
mod files;
mod gate;
mod gate_files;
mod hostile;
mod http;
mod live;
mod load;
mod market;
mod market_badges;
mod market_signed;
mod market_texts;
mod mcp;
mod place;
mod plugins;
mod prebuilt;
mod readme;
mod reports;
mod routing;
mod serve;
mod slips;
mod tidy;
mod transcripts;
