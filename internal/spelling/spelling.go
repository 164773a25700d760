// Package spelling tells how far two names are apart, for messages that guess what was meant. What counts as near is for the caller, who
// knows the names.
package spelling

// longest bounds the names that are compared letter by letter: the work grows with the product of their lengths.
const longest = 128

// Distance counts the bytes to add, drop or change to make b of a (Levenshtein), or returns limit when they are as many or more.
func Distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > longest || len(b) > longest {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}
