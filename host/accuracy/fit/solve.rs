//! Linear equations with a symmetric, positive matrix.

/// The solution of `matrix · x = right`, by Cholesky's decomposition; `None` where the matrix is
/// not positive. Only the lower half of the matrix is read.
pub(super) fn solve(mut matrix: Vec<Vec<f64>>, right: &[f64]) -> Option<Vec<f64>> {
    let size = right.len();
    for column in 0..size {
        for row in column..size {
            let before: f64 = (0..column).map(|k| matrix[row][k] * matrix[column][k]).sum();
            let left = matrix[row][column] - before;
            matrix[row][column] = match row == column {
                true if left > 0.0 => left.sqrt(),
                true => return None,
                false => left / matrix[column][column],
            };
        }
    }
    let mut x = right.to_vec();
    for row in 0..size {
        let known: f64 = (0..row).map(|k| matrix[row][k] * x[k]).sum();
        x[row] = (x[row] - known) / matrix[row][row];
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|k| matrix[k][row] * x[k]).sum();
        x[row] = (x[row] - known) / matrix[row][row];
    }
    Some(x)
}

/// The inverse of such a matrix, whole; `None` where the matrix is not positive.
pub(super) fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let column = |at: usize| {
        let right: Vec<f64> = (0..size).map(|row| if row == at { 1.0 } else { 0.0 }).collect();
        solve(matrix.to_vec(), &right)
    };
    (0..size).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::{inverse, solve};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_solved_is_right(values in prop::collection::vec(-3.0..3.0f64, 12)) {
            let (rows, x) = values.split_at(9);
            // R · Rᵀ + 1 is symmetric and positive.
            let entry = |i: usize, j: usize| {
                let product: f64 = (0..3).map(|k| rows[3 * i + k] * rows[3 * j + k]).sum();
                product + f64::from(u8::from(i == j))
            };
            let matrix: Vec<Vec<f64>> =
                (0..3).map(|i| (0..3).map(|j| entry(i, j)).collect()).collect();
            let right: Vec<f64> = (0..3).map(|i| (0..3).map(|j| entry(i, j) * x[j]).sum()).collect();
            let solved = solve(matrix, &right).unwrap();
            for (solved, x) in solved.iter().zip(x) {
                prop_assert!((solved - x).abs() < 1e-8, "{solved} for {x}");
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_has_no_solution() {
        assert_eq!(solve(vec![vec![0.0]], &[1.0]), None);
        assert_eq!(inverse(&[vec![0.0]]), None);
    }

    #[test]
    fn an_inverse_is_whole() {
        let inverse = inverse(&[vec![2.0, 0.0], vec![1.0, 1.0]]).unwrap();
        let expected = [[1.0, -1.0], [-1.0, 2.0]];
        for (row, expected) in inverse.iter().zip(expected) {
            for (value, expected) in row.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-12, "{inverse:?}");
            }
        }
    }
}
