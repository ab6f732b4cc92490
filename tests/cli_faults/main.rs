//! Bad input and bad luck: what is said, with which exit code, and that nothing is lost.

#[path = "../site/mod.rs"]
mod site;

mod damage;
mod device;
mod input;
mod interruption;
mod publish;
mod space;
mod staging;
mod stick;
mod update;
