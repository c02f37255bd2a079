//! stub
mod activation;
pub use activation::Activation;
