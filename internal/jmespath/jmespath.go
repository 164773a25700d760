// Package jmespath is the query language of the command line (jmespath.org): it compiles an expression and evaluates it over
// JSON values whose members keep their order and whose integers keep every digit, which is what scripts compare byte for byte.
//
// It owns the values, their grammar and their spelling as well, because an expression can hold JSON and make it. Where the
// specification and the reference command line's implementation differ, it follows the latter: strings have an order, and a
// literal that is not JSON is a string. What the values mean is the caller's business.
package jmespath

// Expression is a compiled expression. It may be used by several goroutines.
type Expression struct{ tree node }

// Compile reads an expression. Every error is a *SyntaxError.
func Compile(expression string) (*Expression, error) {
	tree, err := parse(expression)
	if err != nil {
		return nil, err
	}
	return &Expression{tree}, nil
}

// Search evaluates the expression on a value. It fails where a function is unknown or is given what it does not take.
func (e *Expression) Search(value Value) (Value, error) { return e.tree.eval(value) }
