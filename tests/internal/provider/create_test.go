package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// times lets a call go wrong a number of times, before or after it is carried
// out.
func times(count int, call string, after bool, failure error) func(string, bool) error {
	left := make(chan struct{}, count)
	for range count {
		left <- struct{}{}
	}
	return func(made string, carriedOut bool) error {
		if made != call || carriedOut != after {
			return nil
		}
		select {
		case <-left:
			return failure
		default:
			return nil
		}
	}
}

const forEver = 1000

func TestATransientFaultOfACreationIsRiddenOutWithoutDuplicates(t *testing.T) {
	for name, fault := range map[string]func(string, bool) error{
		"refused":                      times(2, "create", false, errTransient),
		"answer lost":                  times(2, "create", true, errTransient),
		"second call refused":          times(1, "resize", false, errTransient),
		"answer of second call lost":   times(1, "resize", true, errTransient),
		"reading the new thing failed": times(1, "read", false, errTransient),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud()
			c.fault = fault
			id, state := attach(t, serve(t, c), nil).mustCreate(properties(map[string]any{"name": "media", "size": 5}))
			if names := c.names(); !slices.Equal(names, []string{"media"}) {
				t.Errorf("the cloud has %v", names)
			}
			if c.buckets[id] == nil || c.buckets[id].size != 5 {
				t.Errorf("the answer names %s, %v", id, state)
			}
		})
	}
}

func TestAFailedCreationLeavesNothingAndNamesTheResource(t *testing.T) {
	lasting := errors.New("LimitExceeded: no more of these")
	for name, fault := range map[string]func(string, bool) error{
		"refused":                     times(forEver, "create", false, lasting),
		"answer lost for ever":        times(forEver, "create", true, errTransient),
		"second call refused":         times(forEver, "resize", false, lasting),
		"second call always faulty":   times(forEver, "resize", false, errTransient),
		"reading the new thing fails": times(forEver, "read", false, lasting),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud()
			c.fault = fault
			e := attach(t, serve(t, c), nil)
			inputs := properties(map[string]any{"name": "media", "size": 5})
			_, _, err := e.create(t.Context(), inputs, false)
			if err == nil || !strings.Contains(err.Error(), "create media: ") ||
				!strings.Contains(err.Error(), lasting.Error()) && !strings.Contains(err.Error(), errTransient.Error()) {
				t.Errorf("the error is %v", err)
			}
			if names := c.names(); len(names) > 0 {
				t.Errorf("the cloud still has %v", names)
			}
			c.mu.Lock()
			c.fault = nil
			c.mu.Unlock()
			e.mustCreate(inputs)
		})
	}
}

func TestACreationDoesNotTouchWhatHadTheNameBefore(t *testing.T) {
	c := newCloud()
	c.buckets["foreign"] = &bucket{name: "media"}
	_, _, err := attach(t, serve(t, c), nil).create(t.Context(), properties(map[string]any{"name": "media"}), false)
	if err == nil || !strings.Contains(err.Error(), errExists.Error()) {
		t.Errorf("the error is %v", err)
	}
	if c.buckets["foreign"] == nil || len(c.buckets) != 1 {
		t.Errorf("the cloud has %v", c.names())
	}
}

func TestACreationIsUndoneIfTheEngineHangsUpMeanwhile(t *testing.T) {
	c := newCloud()
	kind := bucketKind()
	s := &session[*cloud]{pkg: &Package[*cloud]{}, resources: map[string]Resource[*cloud]{kind.Token: kind}}
	s.configuration.Store(&configuration[*cloud]{client: c})
	ctx, hangUp := context.WithCancel(t.Context())
	c.fault = func(call string, carriedOut bool) error {
		if call == "create" && !carriedOut {
			hangUp()
		}
		return nil
	}
	_, err := s.Create(ctx, plugin.CreateRequest{URN: bucketURN, Properties: properties(map[string]any{"name": "media"})})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if c.count("create") != 1 || c.count("delete") != 1 || len(c.names()) > 0 {
		t.Errorf("after %v the cloud has %v", c.calls, c.names())
	}
}

func TestACreationThatNoStateRecordsIsUndoneByTheNext(t *testing.T) {
	c := newCloud()
	server := serve(t, c)
	inputs := properties(map[string]any{"name": "media"})
	killed := attach(t, server, nil)
	first, _ := killed.mustCreate(inputs)
	killed.hangUp()

	second, state := attach(t, server, nil).mustCreate(inputs)
	if first == second || c.buckets[second] == nil || len(c.buckets) != 1 {
		t.Errorf("the cloud has %v, the second creation made %s", c.names(), second)
	}

	// An engine that names the resource has it in its state.
	e := attach(t, server, nil)
	e.diff(second, inputs, state, inputs)
	if _, _, err := e.create(t.Context(), inputs, false); err == nil || !strings.Contains(err.Error(), errExists.Error()) {
		t.Errorf("the error is %v", err)
	}
	if c.buckets[second] == nil {
		t.Error("a recorded resource was deleted")
	}
}
