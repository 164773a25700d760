package jmespath

// maxNesting bounds how deep an expression may nest, and with it the recursion of reading and evaluating it.
const maxNesting = 200

// Binding powers, loosest first: how tightly a token holds on to what stands before it. Tokens that end an expression have none.
var power = map[tokenKind]int{
	pipeToken: 1, orToken: 2, andToken: 3,
	equalToken: 5, unequalToken: 5, lessToken: 5, lessEqualToken: 5, greaterToken: 5, greaterEqualToken: 5,
	flattenToken: 9, starToken: 20, filterToken: 21, dotToken: 40, notToken: 45,
	braceToken: 50, bracketToken: 55, parenthesisToken: 60,
}

// projectionStop is the power below which a token ends a projection instead of going on inside it.
const projectionStop = 10

// parser reads tokens by operator precedence. Methods panic with a *SyntaxError; parse recovers it.
type parser struct {
	expression string
	tokens     []token
	at         int
	nesting    int
}

func parse(expression string) (tree node, err error) {
	lexer := &lexer{expression: expression}
	tokens, err := lexer.tokens()
	if err != nil {
		return nil, err
	}
	defer func() {
		if refusal, ok := recover().(*SyntaxError); ok {
			tree, err = nil, refusal
		}
	}()
	p := &parser{expression: expression, tokens: tokens}
	tree = p.expressionAbove(0)
	if p.peek() != endToken {
		p.refuse("unexpected " + p.describe())
	}
	return tree, nil
}

func (p *parser) refuse(msg string) {
	panic(&SyntaxError{Expression: p.expression, Offset: p.tokens[p.at].offset, Msg: msg})
}

func (p *parser) describe() string {
	if p.peek() == endToken {
		return "end of the expression"
	}
	start := p.tokens[p.at].offset
	return "\"" + p.expression[start:p.tokens[p.at+1].offset] + "\""
}

func (p *parser) peek() tokenKind { return p.tokens[p.at].kind }

// peekAfter is the kind of the token after the next.
func (p *parser) peekAfter() tokenKind { return p.tokens[min(p.at+1, len(p.tokens)-1)].kind }

func (p *parser) take() token {
	taken := p.tokens[p.at]
	if taken.kind != endToken {
		p.at++
	}
	return taken
}

func (p *parser) accept(kind tokenKind) bool {
	if p.peek() != kind {
		return false
	}
	p.take()
	return true
}

func (p *parser) expect(kind tokenKind, what string) {
	if !p.accept(kind) {
		p.refuse("expected " + what + ", found " + p.describe())
	}
}

// expressionAbove reads an expression up to the first token that holds no tighter than the limit.
func (p *parser) expressionAbove(limit int) node {
	if p.nesting++; p.nesting > maxNesting {
		p.refuse("the expression is nested too deeply")
	}
	left := p.beginning()
	for limit < power[p.peek()] {
		left = p.continuation(left)
	}
	p.nesting--
	return left
}

// beginning reads what may stand first.
func (p *parser) beginning() node {
	switch next := p.tokens[p.at]; next.kind {
	case literalToken:
		p.take()
		return literal{next.value}
	case nameToken:
		p.take()
		return field{next.text}
	case quotedToken:
		p.take()
		if p.peek() == parenthesisToken {
			p.refuse("a function name cannot be quoted")
		}
		return field{next.text}
	case currentToken:
		p.take()
		return current{}
	case starToken:
		p.take()
		return valueProjection{current{}, p.projected(power[starToken])}
	case flattenToken, filterToken:
		return p.continuation(current{})
	case braceToken:
		p.take()
		return p.multiSelectHash()
	case bracketToken:
		return p.bracket()
	case notToken:
		p.take()
		return not{p.expressionAbove(power[notToken])}
	case referenceToken:
		p.take()
		return reference{p.expressionAbove(0)}
	case parenthesisToken:
		p.take()
		inner := p.expressionAbove(0)
		p.expect(endParenthesis, `")"`)
		return inner
	}
	p.refuse("unexpected " + p.describe())
	return nil
}

// bracket reads what begins with "[" where no value stands before it.
func (p *parser) bracket() node {
	p.take()
	switch {
	case p.peek() == numberToken || p.peek() == colonToken:
		return p.indexOrSlice(current{})
	case p.peek() == starToken && p.peekAfter() == endBracketToken:
		return p.listProjection(current{})
	}
	return p.multiSelectList()
}

// continuation reads what may follow a value.
func (p *parser) continuation(left node) node {
	switch next := p.take(); next.kind {
	case dotToken:
		if p.accept(starToken) {
			// The dot's power, not the star's: the reference ends the projection of object.*.name.other after name.
			return valueProjection{left, p.projected(power[dotToken])}
		}
		return chain{left, p.afterDot(power[dotToken])}
	case pipeToken:
		return chain{left, p.expressionAbove(power[pipeToken])}
	case orToken:
		return or{left, p.expressionAbove(power[orToken])}
	case andToken:
		return and{left, p.expressionAbove(power[andToken])}
	case equalToken, unequalToken, lessToken, lessEqualToken, greaterToken, greaterEqualToken:
		return comparison{next.kind, left, p.expressionAbove(power[next.kind])}
	case flattenToken:
		return projection{flatten{left}, p.projected(power[flattenToken])}
	case filterToken:
		condition := p.expressionAbove(0)
		p.expect(endBracketToken, `"]"`)
		return filterProjection{left, condition, p.projected(power[filterToken])}
	case parenthesisToken:
		return p.call(left)
	case bracketToken:
		if p.peek() == numberToken || p.peek() == colonToken {
			return p.indexOrSlice(left)
		}
		return p.listProjection(left)
	}
	p.at-- // "{" or "*" without a dot, or "!" after a value
	p.refuse("unexpected " + p.describe())
	return nil
}

// listProjection reads "*]" and what is projected.
func (p *parser) listProjection(left node) node {
	p.expect(starToken, "an index, a slice or *")
	p.expect(endBracketToken, `"]"`)
	return projection{left, p.projected(power[starToken])}
}

// projected reads what happens to each element of a projection.
func (p *parser) projected(limit int) node {
	switch next := p.peek(); {
	case power[next] < projectionStop:
		return current{}
	case next == bracketToken || next == filterToken:
		return p.expressionAbove(limit)
	case next == dotToken:
		p.take()
		return p.afterDot(limit)
	}
	p.refuse("unexpected " + p.describe())
	return nil
}

// afterDot reads what may follow a dot.
func (p *parser) afterDot(limit int) node {
	switch p.peek() {
	case nameToken, quotedToken, starToken:
		return p.expressionAbove(limit)
	case bracketToken:
		p.take()
		return p.multiSelectList()
	case braceToken:
		p.take()
		return p.multiSelectHash()
	}
	p.refuse("expected a name, *, [ or { after the dot, found " + p.describe())
	return nil
}

func (p *parser) multiSelectList() node {
	var list multiList
	for {
		list.items = append(list.items, p.expressionAbove(0))
		if p.accept(endBracketToken) {
			return list
		}
		p.expect(commaToken, `"," or "]"`)
	}
}

func (p *parser) multiSelectHash() node {
	var hash multiHash
	for {
		name := p.take()
		if name.kind != nameToken && name.kind != quotedToken {
			p.refuse("expected a name in a multi-select hash")
		}
		p.expect(colonToken, `":"`)
		hash.names = append(hash.names, name.text)
		hash.values = append(hash.values, p.expressionAbove(0))
		if p.accept(endBraceToken) {
			return hash
		}
		p.expect(commaToken, `"," or "}"`)
	}
}

// indexOrSlice reads what stands between brackets and the closing one. A slice projects what follows, except straight after an
// index: there the reference answers the plain list, and so list[0][1:].name is null.
func (p *parser) indexOrSlice(left node) node {
	if p.peek() == numberToken && p.peekAfter() == endBracketToken {
		at := p.take().integer()
		p.take()
		return chain{left, index{at}}
	}
	const parts = 3 // start, stop, step
	var bounds [parts]*int
	part := 0
	for !p.accept(endBracketToken) {
		switch {
		case p.peek() == colonToken && part < parts-1:
			p.take()
			part++
		case p.peek() == numberToken && bounds[part] == nil:
			number := p.take().integer()
			bounds[part] = &number
		default:
			p.refuse("unexpected " + p.describe() + " in a slice")
		}
	}
	sliced := chain{left, slice{bounds[0], bounds[1], bounds[2]}}
	if isIndexed(left) {
		return sliced
	}
	return projection{sliced, p.projected(power[starToken])}
}

func isIndexed(n node) bool {
	outer, ok := n.(chain)
	if !ok {
		return false
	}
	switch outer.right.(type) {
	case index, slice:
		return true
	}
	return false
}

func (p *parser) call(left node) node {
	name, ok := left.(field)
	if !ok {
		p.at--
		p.refuse("only a name can be called")
	}
	function := call{name: name.name}
	if p.accept(endParenthesis) {
		return function
	}
	for {
		function.arguments = append(function.arguments, p.expressionAbove(0))
		if p.accept(endParenthesis) {
			return function
		}
		p.expect(commaToken, `"," or ")"`)
	}
}
