package provider

import (
	"fmt"
	"slices"
	"strings"
)

// shownBytes is how much of a value a message shows: a document would bury the
// rule that it breaks.
const shownBytes = 100

// Problems collects what a kind's own check refuses. The engine shows each
// with the resource it concerns, in preview already.
type Problems struct {
	decoder *decoder
}

// Known says whether the values at all the paths, and everything in them, are
// known. A rule over several properties asks first.
func (p *Problems) Known(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return touches(p.decoder.unknown, path) })
}

// Refuse notes that the value at a path breaks a rule, stated as a sentence
// about what the value must be. While the value is unknown it does nothing. A
// secret value is not repeated in the message.
func (p *Problems) Refuse(path string, value any, rule string) {
	if !p.Known(path) {
		return
	}
	shown := fmt.Sprintf("%v", value)
	if text, ok := value.(string); ok {
		shown = fmt.Sprintf("%q", text)
	}
	if len(shown) > shownBytes {
		shown = strings.ToValidUTF8(shown[:shownBytes], "") + "..."
	}
	if touches(p.decoder.secret, path) {
		shown = "[secret]"
	}
	p.decoder.refuse(path, "property %q has the value %s: %s", path, shown, rule)
}

// touches says whether path is one of the paths, lies within one, or contains
// one.
func touches(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(other string) bool { return within(path, other) || within(other, path) })
}

func within(inner, outer string) bool {
	rest, ok := strings.CutPrefix(inner, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
