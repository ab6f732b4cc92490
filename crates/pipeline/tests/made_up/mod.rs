//! PE images and registry hives that are made up, byte by byte as their formats say.

#![allow(dead_code, reason = "no test target uses all of it")]

pub mod bcd;
pub mod hive;
pub mod pe;
