//! Adam with the toy's constants. Kingma & Ba 2015.

const BETAS: [f32; 2] = [0.9, 0.99];
const EPSILON: f32 = 1e-8;

/// First and second moments of the gradient.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adam {
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
}

impl Adam {
    pub(crate) fn new(parameters: usize) -> Self {
        Self {
            first: vec![0.0; parameters],
            second: vec![0.0; parameters],
        }
    }

    /// One update; `step` counts from 1.
    pub(crate) fn update(
        &mut self,
        parameters: &mut [f32],
        gradient: &[f32],
        learning_rate: f32,
        step: u32,
    ) {
        let correction = BETAS.map(|beta| 1.0 - f64::from(beta).powi(step as i32));
        let rate = learning_rate / correction[0] as f32;
        let root = (correction[1] as f32).sqrt();
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, gradient), (first, second)) in
            parameters.iter_mut().zip(gradient).zip(moments)
        {
            *first += (1.0 - BETAS[0]) * (gradient - *first);
            *second += (1.0 - BETAS[1]) * (gradient * gradient - *second);
            *parameter -= rate * *first / (second.sqrt() / root + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Adam;

    #[test]
    fn the_first_step_has_the_size_of_the_learning_rate_and_later_ones_follow_the_definition() {
        let mut adam = Adam::new(2);
        let mut parameters = [1.0, -2.0];
        adam.update(&mut parameters, &[0.3, -4.0], 0.01, 1);
        assert!((parameters[0] - 0.99).abs() < 1e-6 && (parameters[1] + 1.99).abs() < 1e-6);
        adam.update(&mut parameters, &[-0.1, -4.0], 0.01, 2);
        // By hand: m = 0.9·0.03 + 0.1·(−0.1) = 0.017, v = 0.99·9e-4 + 0.01·0.01 = 9.91e-4.
        let expected = 0.99 - 0.01 * (0.017 / 0.19) / ((9.91e-4_f32 / 0.0199).sqrt() + 1e-8);
        assert!((parameters[0] - expected).abs() < 1e-6);
    }
}
