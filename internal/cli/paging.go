package cli

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// truncateAmount is the member of a resume token that counts the items of a page that were printed already.
const truncateAmount = "boto_truncate_amount"

// nextToken is the member under which a truncated answer tells how to go on.
const nextToken = "NextToken"

// paginator collects the pages of an answer.
type paginator struct {
	paging *api.Paging
	most   int // items; negative: all
	skip   int // items of the first page
	input  []jmespath.Member
	fetch  func(context.Context, jmespath.Value) (jmespath.Value, error)
}

// paginates decides whether pages are collected: not if the caller pages by hand, by option or by input document.
func (r *run) paginates(input jmespath.Value) (bool, error) {
	paging := r.operation.Paging
	if paging == nil {
		return false, nil
	}
	off := r.Global.Has("no-paginate")
	for _, name := range []string{paging.Token, paging.Limit} {
		if _, byHand := input.Get(name); byHand {
			off = true
		}
	}
	if !off {
		return true, nil
	}
	var used []string
	for _, option := range pagingOptions {
		if r.Local.Has(option.Name) {
			used = append(used, "--"+option.Name)
		}
	}
	if len(used) > 0 {
		return false, command.ValidationError("Cannot specify --no-paginate along with pagination arguments: %s", strings.Join(used, ", "))
	}
	return false, nil
}

// newPaginator reads the paging options into a paginator.
func (r *run) newPaginator(input jmespath.Value) (*paginator, error) {
	p := &paginator{paging: r.operation.Paging, most: -1, input: slices.Clone(input.Members())}
	if r.Local.Has(maxItems) {
		number, err := r.integerOption(maxItems)
		if err != nil {
			return nil, err
		}
		p.most = number
	}
	if r.Local.Has(startingToken) {
		p.start(r.Local.One(startingToken))
	}
	if r.Local.Has(pageSize) {
		number, err := r.integerOption(pageSize)
		if err != nil {
			return nil, err
		}
		p.set(p.paging.Limit, jmespath.IntOf(int64(number)))
	}
	return p, nil
}

func (r *run) integerOption(name string) (int, error) {
	number, err := strconv.Atoi(r.Local.One(name))
	if err != nil {
		return 0, command.UsageError("argument --%s: invalid int value: '%s'", name, r.Local.One(name))
	}
	return number, nil
}

func (p *paginator) set(name string, value jmespath.Value) {
	p.input = replaceMember(p.input, jmespath.Member{Name: name, Value: value})
}

// start reads a resume token: the service's own token and the items of its page that were printed. What is no such token is
// taken for a token of the service.
func (p *paginator) start(token string) {
	text, err := base64.StdEncoding.DecodeString(token)
	document, parseErr := jmespath.ParseJSON(text)
	if err != nil || parseErr != nil || document.Kind() != jmespath.Object {
		p.set(p.paging.Token, jmespath.TextOf(token))
		return
	}
	if service, _ := document.Get(p.paging.Token); service.Text() != "" {
		p.set(p.paging.Token, service)
	}
	skip, _ := document.Get(truncateAmount)
	p.skip, _ = strconv.Atoi(skip.Number())
}

// wholePage tells resumeToken that the last page was printed to its end.
const wholePage = -1

// resumeToken is the inverse of start.
func (p *paginator) resumeToken(service string, printed int) jmespath.Value {
	token := []jmespath.Member{{Name: p.paging.Token}}
	if service != "" {
		token[0].Value = jmespath.TextOf(service)
	}
	if printed >= 0 {
		token = append(token, jmespath.Member{Name: truncateAmount, Value: jmespath.IntOf(int64(printed))})
	}
	return jmespath.TextOf(base64.StdEncoding.EncodeToString(jmespath.Wire.AppendJSON(nil, jmespath.ObjectOf(token))))
}

// all fetches pages until there are no more, or enough items, and returns them as one answer.
func (p *paginator) all(ctx context.Context) (jmespath.Value, error) {
	var collected []jmespath.Value // nil until a page has the member at all
	resume, err := p.each(ctx, func(page jmespath.Value) error {
		result, _ := page.Get(p.paging.Result)
		if result.Kind() == jmespath.Array && collected == nil {
			collected = []jmespath.Value{}
		}
		collected = append(collected, result.Items()...)
		return nil
	})
	if err != nil {
		return jmespath.Value{}, err
	}
	var members []jmespath.Member
	if collected != nil {
		members = append(members, jmespath.Member{Name: p.paging.Result, Value: jmespath.ListOf(collected)})
	}
	if !resume.IsNull() {
		members = append(members, jmespath.Member{Name: nextToken, Value: resume})
	}
	return jmespath.ObjectOf(members), nil
}

// each fetches pages until there are no more, or enough items, and visits each without the items that are skipped or too many. It returns
// the token to go on with, or null at the end.
func (p *paginator) each(ctx context.Context, visit func(page jmespath.Value) error) (resume jmespath.Value, err error) {
	visited := 0 // items
	for {
		asked := p.asked()
		page, err := p.fetch(ctx, jmespath.ObjectOf(p.input))
		if err != nil {
			return jmespath.Value{}, err
		}
		result, _ := page.Get(p.paging.Result)
		skipped := min(max(p.skip, 0), len(result.Items()))
		items := result.Items()[skipped:]
		p.skip = 0
		room := len(items)
		if p.most >= 0 {
			room = min(room, p.most-visited)
		}
		if err := visit(p.cut(page, items[:room])); err != nil {
			return jmespath.Value{}, err
		}
		if room < len(items) {
			return p.resumeToken(asked, skipped+room), nil
		}
		visited += room
		next, _ := page.Get(p.paging.Token)
		switch {
		case next.Text() == "":
			return jmespath.Value{}, nil
		case visited == p.most:
			return p.resumeToken(next.Text(), wholePage), nil
		case next.Text() == asked:
			return jmespath.Value{}, command.OtherError("Error during pagination: The same next token was received twice: {'%s': '%s'}", p.paging.Token, asked)
		}
		p.set(p.paging.Token, next)
	}
}

// cut is a page with only some of its items.
func (p *paginator) cut(page jmespath.Value, items []jmespath.Value) jmespath.Value {
	if result, found := page.Get(p.paging.Result); !found || len(result.Items()) == len(items) {
		return page
	}
	return jmespath.ObjectOf(replaceMember(slices.Clone(page.Members()), jmespath.Member{Name: p.paging.Result, Value: jmespath.ListOf(items)}))
}

// asked is the token of the page that is fetched next.
func (p *paginator) asked() string {
	token, _ := jmespath.ObjectOf(p.input).Get(p.paging.Token)
	return token.Text()
}

func replaceMember(members []jmespath.Member, member jmespath.Member) []jmespath.Member {
	for i := range members {
		if members[i].Name == member.Name {
			members[i] = member
			return members
		}
	}
	return append(members, member)
}
