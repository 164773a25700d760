package jmespath

// node is one part of an expression: it turns the current value into another.
type node interface {
	eval(Value) (Value, error)
}

type (
	current    struct{}
	literal    struct{ value Value }
	field      struct{ name string }
	index      struct{ at int }
	slice      struct{ start, stop, step *int }
	chain      struct{ left, right node } // the right part sees what the left one answers
	or         struct{ left, right node }
	and        struct{ left, right node }
	not        struct{ operand node }
	comparison struct {
		operator    tokenKind
		left, right node
	}
	flatten          struct{ list node }
	projection       struct{ list, each node }
	valueProjection  struct{ object, each node }
	filterProjection struct{ list, condition, each node }
	multiList        struct{ items []node }
	multiHash        struct {
		names  []string
		values []node
	}
	reference struct{ node node } // &expression, which only functions can use
	call      struct {
		name      string
		arguments []node
	}
)

func (current) eval(v Value) (Value, error)   { return v, nil }
func (n literal) eval(Value) (Value, error)   { return n.value, nil }
func (n field) eval(v Value) (Value, error)   { found, _ := v.Get(n.name); return found, nil }
func (n reference) eval(Value) (Value, error) { return Value{}, errStrayReference }

func (n index) eval(v Value) (Value, error) {
	at := n.at
	if at < 0 {
		at += len(v.items)
	}
	if at < 0 || at >= len(v.items) {
		return Value{}, nil
	}
	return v.items[at], nil
}

func (n slice) eval(v Value) (Value, error) {
	if v.kind != Array {
		return Value{}, nil
	}
	step := 1
	if n.step != nil {
		step = *n.step
	}
	if step == 0 {
		return Value{}, errZeroStep
	}
	size := len(v.items)
	first, last := 0, size // for a rising slice; last is the first index left out
	if step < 0 {
		first, last = size-1, -1
	}
	first, last = bound(n.start, first, size, step), bound(n.stop, last, size, step)
	items := []Value{}
	for i := first; step > 0 && i < last || step < 0 && i > last; i += step {
		items = append(items, v.items[i])
	}
	return ListOf(items), nil
}

// bound is one end of a slice: the default, or what was given, counted from the end when negative and cut to the list.
func bound(given *int, preset, size, step int) int {
	if given == nil {
		return preset
	}
	at := *given
	if at < 0 {
		at += size
	}
	if step < 0 {
		return min(max(at, -1), size-1)
	}
	return min(max(at, 0), size)
}

func (n chain) eval(v Value) (Value, error) {
	left, err := n.left.eval(v)
	if err != nil {
		return Value{}, err
	}
	return n.right.eval(left)
}

func (n or) eval(v Value) (Value, error) {
	left, err := n.left.eval(v)
	if err != nil || left.truth() {
		return left, err
	}
	return n.right.eval(v)
}

func (n and) eval(v Value) (Value, error) {
	left, err := n.left.eval(v)
	if err != nil || !left.truth() {
		return left, err
	}
	return n.right.eval(v)
}

func (n not) eval(v Value) (Value, error) {
	operand, err := n.operand.eval(v)
	return BoolOf(!operand.truth()), err
}

func (n comparison) eval(v Value) (Value, error) {
	left, err := n.left.eval(v)
	if err != nil {
		return Value{}, err
	}
	right, err := n.right.eval(v)
	if err != nil {
		return Value{}, err
	}
	switch n.operator {
	case equalToken:
		return BoolOf(left.Equal(right)), nil
	case unequalToken:
		return BoolOf(!left.Equal(right)), nil
	}
	return n.order(left, right)
}

// order compares two numbers, or two strings by code points, which the specification has not but the reference does and
// scripts rely on for dates. Anything else has no order: null.
func (n comparison) order(left, right Value) (Value, error) {
	if !left.ordered() || !right.ordered() {
		return Value{}, nil
	}
	if left.kind != right.kind {
		return Value{}, errMixedOrder
	}
	sign := left.compare(right)
	switch n.operator {
	case lessToken:
		return BoolOf(sign < 0), nil
	case lessEqualToken:
		return BoolOf(sign <= 0), nil
	case greaterToken:
		return BoolOf(sign > 0), nil
	}
	return BoolOf(sign >= 0), nil
}

func (n flatten) eval(v Value) (Value, error) {
	list, err := n.list.eval(v)
	if err != nil || list.kind != Array {
		return Value{}, err
	}
	items := []Value{}
	for _, item := range list.items {
		if item.kind == Array {
			items = append(items, item.items...)
		} else {
			items = append(items, item)
		}
	}
	return ListOf(items), nil
}

// project evaluates each for every item and leaves the nulls out.
func project(items []Value, each node) (Value, error) {
	results := []Value{}
	for _, item := range items {
		result, err := each.eval(item)
		if err != nil {
			return Value{}, err
		}
		if !result.IsNull() {
			results = append(results, result)
		}
	}
	return ListOf(results), nil
}

func (n projection) eval(v Value) (Value, error) {
	list, err := n.list.eval(v)
	if err != nil || list.kind != Array {
		return Value{}, err
	}
	return project(list.items, n.each)
}

func (n valueProjection) eval(v Value) (Value, error) {
	object, err := n.object.eval(v)
	if err != nil || object.kind != Object {
		return Value{}, err
	}
	return project(valuesOf(object), n.each)
}

func valuesOf(object Value) []Value {
	values := make([]Value, len(object.members))
	for i, member := range object.members {
		values[i] = member.Value
	}
	return values
}

func (n filterProjection) eval(v Value) (Value, error) {
	list, err := n.list.eval(v)
	if err != nil || list.kind != Array {
		return Value{}, err
	}
	var kept []Value
	for _, item := range list.items {
		keep, err := n.condition.eval(item)
		if err != nil {
			return Value{}, err
		}
		if keep.truth() {
			kept = append(kept, item)
		}
	}
	return project(kept, n.each)
}

func (n multiList) eval(v Value) (Value, error) {
	if v.IsNull() {
		return Value{}, nil
	}
	items := make([]Value, len(n.items))
	for i, item := range n.items {
		var err error
		if items[i], err = item.eval(v); err != nil {
			return Value{}, err
		}
	}
	return ListOf(items), nil
}

func (n multiHash) eval(v Value) (Value, error) {
	if v.IsNull() {
		return Value{}, nil
	}
	var members []Member
	for i, name := range n.names {
		value, err := n.values[i].eval(v)
		if err != nil {
			return Value{}, err
		}
		members = set(members, name, value)
	}
	return ObjectOf(members), nil
}
