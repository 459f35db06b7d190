//! `iamwatch backtest`: what is counted, and that nothing is lost in silence.

mod command;
