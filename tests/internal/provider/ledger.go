package provider

import (
	"context"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// ledger remembers the creations that no engine has shown to know of.
//
// A command killed between a creation and the writing of its state leaves a
// resource that the state does not name. The next creation of the same URN
// undoes it first, so the name is free and nothing is orphaned. The ledger
// lives as long as the server, as the emulator's resources do.
type ledger struct {
	mu      sync.Mutex
	entries map[resource.URN]*creation
}

type creation struct {
	// identity is what the engine was told, empty before it was.
	identity string
	undo     func(context.Context) error
}

// begin notes a creation about to be attempted.
func (l *ledger) begin(urn resource.URN, undo func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[resource.URN]*creation{}
	}
	l.entries[urn] = &creation{undo: undo}
}

// answered notes what the engine is about to be told.
func (l *ledger) answered(urn resource.URN, identity string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if entry, ok := l.entries[urn]; ok {
		entry.identity = identity
	}
}

// confirm notes that an engine named the resource, so its state has it.
func (l *ledger) confirm(urn resource.URN, identity string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if entry, ok := l.entries[urn]; ok && entry.identity == identity {
		delete(l.entries, urn)
	}
}

// settle undoes what is noted of a URN. On an error the note stays.
func (l *ledger) settle(ctx context.Context, urn resource.URN) error {
	l.mu.Lock()
	entry, ok := l.entries[urn]
	l.mu.Unlock()
	if !ok {
		return nil
	}
	if err := entry.undo(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.entries, urn)
	return nil
}

// identify tells one resource from its replacement even where both have the
// same id, as the revisions of a task definition do.
func identify(id string, state resource.PropertyMap) string {
	if arn := reveal(state["arn"]); arn.IsString() {
		return id + " " + arn.StringValue()
	}
	return id
}
