package configure

import (
	"fmt"
	"strings"

	"sallyport/internal/jmespath"
	"sallyport/internal/session"
)

// list is the result as a value.
func list(results []profile) jmespath.Value {
	items := make([]jmespath.Value, len(results))
	for i, p := range results {
		var members []jmespath.Member
		for _, pair := range [][2]string{
			{"profile", p.Name}, {"accountId", p.ID}, {"accountName", p.Account.Name}, {"emailAddress", p.Email}, {"roleName", p.Role},
			{"outcome", string(p.Outcome)}, {"reason", p.Reason},
		} {
			if pair[1] != "" {
				members = append(members, jmespath.Member{Name: pair[0], Value: jmespath.TextOf(pair[1])})
			}
		}
		items[i] = jmespath.ObjectOf(members)
	}
	return jmespath.ListOf(items)
}

// report tells people on standard error what happened, and shows programs the list, or people the difference, on standard output.
func (r *run) report(j *job, results []profile, diff string) error {
	dryRun := r.Local.Has(optionDryRun)
	fmt.Fprint(r.Stderr, summary(j, results, summaryOptions{path: r.files.ConfigPath, dryRun: dryRun, changed: diff != ""}))
	if r.show != nil {
		return r.show(r.Stdout, list(results))
	}
	if dryRun {
		_, err := fmt.Fprint(r.Stdout, diff)
		return err
	}
	return nil
}

type summaryOptions struct {
	path            string
	dryRun, changed bool
}

// outcomes are all that changes or does not, with the words for people.
var outcomes = []struct {
	outcome outcome
	words   string
}{
	{added, "added"}, {updated, "updated"}, {unchanged, "unchanged"}, {kept, "not ours, for the same role"}, {removed, "removed"},
	{refused, "not written"},
}

// summary is what people are told.
func summary(j *job, results []profile, o summaryOptions) string {
	var b strings.Builder
	uses := map[outcome]int{}
	for _, p := range results {
		uses[p.Outcome]++
	}
	var counts []string
	for _, known := range outcomes {
		if n := uses[known.outcome]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, known.words))
		}
	}
	switch told := strings.Join(counts, ", "); {
	case !o.changed:
		fmt.Fprintf(&b, "Nothing to change in %s. Profiles of the session %s: %s.\n", o.path, j.session, told)
	case o.dryRun:
		fmt.Fprintf(&b, "This would change %s. Profiles of the session %s: %s.\n", o.path, j.session, told)
	default:
		fmt.Fprintf(&b, "Wrote %s. Profiles of the session %s: %s.\n", o.path, j.session, told)
	}
	for _, p := range results {
		if p.Outcome == refused {
			fmt.Fprintf(&b, "Not written: %s, for the role %s in %s: %s.%s\n", p.Name, p.Role, session.Printable(p.Account.Name), p.Reason, way(j, p))
		}
	}
	if first := usable(results); first != "" && o.changed && !o.dryRun {
		fmt.Fprintf(&b, "Use one: export AWS_PROFILE=%s\n", first)
	}
	return b.String()
}

// way is what to do about a profile that was not written.
func way(j *job, p profile) string {
	if _, secret := j.secrets[p.Name]; secret {
		return fmt.Sprintf(" --%s or --%s gives another name.", optionPrefix, optionTemplate)
	}
	return fmt.Sprintf(" --%s overwrites it; --%s or --%s gives another name.", optionOverwrite, optionPrefix, optionTemplate)
}

func usable(results []profile) string {
	for _, p := range results {
		if p.Outcome == added || p.Outcome == updated {
			return p.Name
		}
	}
	return ""
}
