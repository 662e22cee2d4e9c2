package provider

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

func TestUnknownAndUnfitPropertiesAreRefusedByTheirPath(t *testing.T) {
	e := attach(t, serve(t, newCloud()), nil)
	ruled := func(prefix string, days int) map[string]any {
		return map[string]any{"name": "media", "key": "abc", "rules": []any{map[string]any{"prefix": prefix, "days": days}}}
	}
	for _, test := range []struct {
		inputs       map[string]any
		path, reason string
	}{
		{map[string]any{"name": "media", "colour": "red"}, "colour", `unknown or unsupported property "colour"; supported here: key, name, rules, size, tags`},
		{
			map[string]any{"name": "media", "rules": []any{map[string]any{"prefix": "a"}, map[string]any{"prefix": "b", "day": 3}}},
			"rules[1].day", `unknown or unsupported property "rules[1].day"`,
		},
		{map[string]any{"name": "media", "rules": []any{map[string]any{}}}, "rules[0].prefix", `required property "rules[0].prefix" is missing`},
		{map[string]any{"size": 3}, "name", `required property "name" is missing`},
		{map[string]any{"name": 3}, "name", `must be a string`},
		{map[string]any{"name": "media", "size": 1.5}, "size", `must be an integer`},
		{map[string]any{"name": "media", "rules": "all"}, "rules", `must be a list`},
		{map[string]any{"name": "media", "rules": []any{"all"}}, "rules[0]", `must be an object`},
		{map[string]any{"name": "media", "tags": map[string]any{"a": true}}, "tags.a", `must be a string`},
		{map[string]any{"name": "media", "tags": "a"}, "tags", `must be a map`},
		{map[string]any{"name": "media", "size": 101}, "size", `property "size" has the value 101: must be from 0 to 100 (the manual)`},
		{map[string]any{"name": "a"}, "name", `must have a length of 2 to 10`},
		{map[string]any{"name": "media", "tags": map[string]any{"kind": "huge"}}, "tags.kind", `must be one of [big small]`},
		{ruled("/a", 7), "rules[0].prefix", `must not begin with a slash`},
		{ruled("a", 8), "rules[0].days", `must be a multiple of 7 or one of [1]`},
		{map[string]any{"name": "media", "rules": []any{map[string]any{"prefix": "a"}}}, "rules", `must not be stated without a key`},
	} {
		failures := e.check(properties(test.inputs))
		if len(failures) != 1 || !strings.Contains(failures[test.path], test.reason) {
			t.Errorf("%v is refused with %v, want %s at %s", test.inputs, failures, test.reason, test.path)
		}
	}
	if failures := e.check(properties(map[string]any{"name": "media", "size": 100, "rules": []any{}, "tags": map[string]any{}})); len(failures) > 0 {
		t.Errorf("good inputs are refused: %v", failures)
	}
}

func TestUnknownTypesFunctionsAndSettingsAreRefusedByName(t *testing.T) {
	server := serve(t, newCloud())
	e := attach(t, server, nil)
	_, err := e.client.Check(t.Context(), &pulumirpc.CheckRequest{Urn: "urn:pulumi:dev::project::cloud:index/queue:Queue::jobs"})
	if err == nil || !strings.Contains(err.Error(), `resource jobs: unknown or unsupported type "cloud:index/queue:Queue"`) {
		t.Errorf("an unknown type: %v", err)
	}
	_, err = e.client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "cloud:index/find:find"})
	if err == nil || !strings.Contains(err.Error(), `unknown or unsupported function "cloud:index/find:find"`) {
		t.Errorf("an unknown function: %v", err)
	}
	_, err = e.client.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "cloud:index/echo:echo", Args: e.marshal(properties(map[string]any{"text": "a", "loud": true})),
	})
	if err == nil || !strings.Contains(err.Error(), `unknown or unsupported property "loud"`) {
		t.Errorf("an unknown argument: %v", err)
	}
	if err := connect(t, server).configure(properties(map[string]any{"zone": "a"})); err == nil ||
		!strings.Contains(err.Error(), `configure cloud: unknown or unsupported property "zone"`) {
		t.Errorf("an unknown setting: %v", err)
	}
	checked, err := e.client.CheckConfig(t.Context(), &pulumirpc.CheckRequest{
		Urn:  "urn:pulumi:dev::project::pulumi:providers:cloud::default",
		News: e.marshal(properties(map[string]any{"region": "nowhere", "version": "1.2.3"})),
	})
	if err != nil || len(checked.Failures) != 1 || checked.Failures[0].Property != "region" {
		t.Errorf("a bad setting: %v, %v", checked, err)
	}
	_, err = connect(t, server).client.Check(t.Context(), &pulumirpc.CheckRequest{Urn: bucketURN})
	if err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("a provider that is not configured: %v", err)
	}
}

func TestTheServerTellsTheEngineWhatItIs(t *testing.T) {
	e := connect(t, serve(t, newCloud()))
	info, err := e.client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.Version != "1.2.3" {
		t.Errorf("the version is %v, %v", info, err)
	}
	if _, err := e.client.Attach(t.Context(), &pulumirpc.PluginAttach{Address: "127.0.0.1:1"}); err != nil {
		t.Error(err)
	}
	if _, err := e.client.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Error(err)
	}
}

func TestConnectionsDoNotShareTheirConfiguration(t *testing.T) {
	c := newCloud()
	server := serve(t, c)
	owners := []string{"ann", "ben", "cem", "dan"}
	engines := make([]*engine, len(owners))
	for i, owner := range owners {
		engines[i] = attach(t, server, properties(map[string]any{"defaultTags": `{"tags": {"owner": "` + owner + `"}}`}))
	}
	var group sync.WaitGroup
	for i, owner := range owners {
		group.Go(func() {
			response, err := engines[i].client.Create(t.Context(), &pulumirpc.CreateRequest{
				Urn:        "urn:pulumi:dev::project::" + bucketToken + "::" + owner,
				Properties: engines[i].marshal(properties(map[string]any{"name": owner})),
			})
			if err != nil {
				t.Error(err)
				return
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if got := c.buckets[response.Id].tags["owner"]; got != owner {
				t.Errorf("the bucket of %s has the owner tag %q", owner, got)
			}
		})
	}
	group.Wait()
}

func TestAPreviewCallsNothingAndComputesNothing(t *testing.T) {
	c := newCloud()
	e := attach(t, serve(t, c), properties(map[string]any{"defaultTags": `{"tags": {"owner": "ann"}}`}))
	inputs := properties(map[string]any{"name": "media"})
	inputs["key"], inputs["rules"] = unknown(), unknown()
	if failures := e.check(resource.PropertyMap{"name": unknown(), "rules": unknown()}); len(failures) > 0 {
		t.Errorf("an unknown name is refused: %v", failures)
	}
	if failures := e.check(inputs); len(failures) > 0 {
		t.Errorf("unknown inputs are refused: %v", failures)
	}
	_, state, err := e.create(t.Context(), inputs, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []resource.PropertyKey{"arn", "version", "token", "key", "rules"} {
		if value := state[key]; !value.ContainsUnknowns() {
			t.Errorf("%s is known in the preview of a creation: %v", key, value)
		}
	}
	if !state["tagsAll"].DeepEquals(resource.NewProperty(properties(map[string]any{"owner": "ann"}))) {
		t.Errorf("tagsAll is %v", state["tagsAll"])
	}
	if !state["name"].DeepEquals(resource.NewProperty("media")) {
		t.Errorf("name is %v", state["name"])
	}

	old := properties(map[string]any{"name": "media", "size": 1})
	recorded := properties(map[string]any{"name": "media", "size": 1, "arn": "arn:b-1", "version": 1, "token": "t"})
	updated := e.update("b-1", old, recorded, properties(map[string]any{"name": "media", "size": 2}), true)
	if !updated["arn"].DeepEquals(resource.NewProperty("arn:b-1")) || !updated["version"].IsComputed() {
		t.Errorf("the preview of an update shows %v", updated)
	}
	if len(c.calls) > 0 {
		t.Errorf("the previews called %v", c.calls)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	c := newCloud()
	e := attach(t, serve(t, c), nil)
	inputs := properties(map[string]any{"name": "media"})
	inputs["key"] = resource.MakeSecret(resource.NewProperty("ab"))
	failures := e.check(inputs)
	if reason := failures["key"]; !strings.Contains(reason, "[secret]") || strings.Contains(reason, "ab:") || strings.Contains(reason, `"ab"`) {
		t.Errorf("a secret is refused with %q", reason)
	}
	inputs["key"] = resource.MakeSecret(resource.NewProperty("abc"))
	id, state := e.mustCreate(inputs)
	_, observedInputs, observed := e.read(id, inputs, state)
	for name, properties := range map[string]resource.PropertyMap{"created": state, "read": observed} {
		if !properties["key"].IsSecret() || !properties["token"].IsSecret() {
			t.Errorf("the %s state is %v", name, properties)
		}
	}
	if !observedInputs["key"].IsSecret() {
		t.Errorf("the inputs read are %v", observedInputs)
	}
	c.buckets[id].key = "changed behind our back"
	_, observedInputs, observed = e.read(id, inputs, state)
	for name, properties := range map[string]resource.PropertyMap{"inputs": observedInputs, "state": observed} {
		if want := resource.MakeSecret(resource.NewProperty("changed behind our back")); !properties["key"].DeepEquals(want) {
			t.Errorf("the drifted key in the %s is %v", name, properties["key"])
		}
	}
}

func TestADifferenceUpdatesOrReplacesAsTheKindSays(t *testing.T) {
	e := attach(t, serve(t, newCloud()), properties(map[string]any{"defaultTags": `{"tags": {"owner": "ann"}}`}))
	old := properties(map[string]any{"name": "media", "size": 1, "key": "abc"})
	state := properties(map[string]any{"arn": "arn:b-1", "tagsAll": map[string]any{"owner": "ann"}})
	for _, test := range []struct {
		name              string
		inputs            map[string]any
		tags              map[string]any
		changes, replaces []string
		deleteFirst       bool
	}{
		{"nothing", map[string]any{"name": "media", "size": 1, "key": "abc"}, nil, nil, nil, false},
		{"a setting", map[string]any{"name": "media", "size": 2, "key": "abc"}, nil, []string{"size"}, nil, false},
		{"a removed setting", map[string]any{"name": "media", "key": "abc"}, nil, []string{"size"}, nil, false},
		{"the key", map[string]any{"name": "media", "size": 1, "key": "xyz"}, nil, []string{"key"}, []string{"key"}, true},
		{"the name", map[string]any{"name": "other", "size": 1, "key": "abc"}, nil, []string{"name"}, []string{"name"}, false},
		{"a default tag", map[string]any{"name": "media", "size": 1, "key": "abc"}, map[string]any{"owner": "ben"}, []string{"tagsAll"}, nil, false},
	} {
		recorded := state.Copy()
		if test.tags != nil {
			recorded["tagsAll"] = resource.NewProperty(properties(test.tags))
		}
		inputs := properties(test.inputs)
		if key, ok := inputs["key"]; ok {
			// That a value has become a secret is no difference.
			inputs["key"] = resource.MakeSecret(key)
		}
		response := e.diff("b-1", old, recorded, inputs)
		slices.Sort(response.Diffs)
		if !slices.Equal(response.Diffs, test.changes) || !slices.Equal(response.Replaces, test.replaces) ||
			response.DeleteBeforeReplace != test.deleteFirst {
			t.Errorf("changing %s: %v", test.name, response)
		}
		if some := response.Changes == pulumirpc.DiffResponse_DIFF_SOME; some != (len(test.changes) > 0) {
			t.Errorf("changing %s: the answer is %v", test.name, response.Changes)
		}
	}
}

func TestAChangeThatAResourceCannotMakeFailsTheDifference(t *testing.T) {
	c := newCloud()
	e := attach(t, serve(t, c), nil)
	inputs := func(size any) resource.PropertyMap { return properties(map[string]any{"name": "media", "size": size}) }
	difference := func(old, changed resource.PropertyMap) error {
		_, err := e.client.Diff(t.Context(), &pulumirpc.DiffRequest{
			Urn: bucketURN, Id: "b-1", OldInputs: e.marshal(old), Olds: e.marshal(old), News: e.marshal(changed),
		})
		return err
	}
	const want = "change media: size cannot go from 3 to 2"
	if err := difference(inputs(3), inputs(2)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a smaller size: %v, want %q", err, want)
	}
	unknownSize := properties(map[string]any{"name": "media"})
	unknownSize["size"] = unknown()
	for name, changed := range map[string]resource.PropertyMap{"a larger size": inputs(4), "the same size": inputs(3), "an unknown size": unknownSize} {
		if err := difference(inputs(3), changed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if calls := c.names(); len(calls) > 0 {
		t.Errorf("the differences called %q", calls)
	}
}

func TestAnUpdateChangesSettingsAndTagsOnly(t *testing.T) {
	c := newCloud()
	e := attach(t, serve(t, c), properties(map[string]any{"defaultTags": `{"tags": {"owner": "ann", "team": "x"}}`}))
	old := properties(map[string]any{"name": "media", "size": 1, "tags": map[string]any{"team": "y", "old": "1"}})
	id, state := e.mustCreate(old)
	inputs := properties(map[string]any{"name": "media", "size": 2, "tags": map[string]any{"new": "1"}})
	state = e.update(id, old, state, inputs, false)

	if bucket := c.buckets[id]; bucket.size != 2 || len(bucket.tags) != 3 ||
		bucket.tags["owner"] != "ann" || bucket.tags["team"] != "x" || bucket.tags["new"] != "1" {
		t.Errorf("the bucket is %+v", bucket)
	}
	if !state["tagsAll"].DeepEquals(resource.NewProperty(properties(map[string]any{"owner": "ann", "team": "x", "new": "1"}))) ||
		!state["tags"].DeepEquals(inputs["tags"]) {
		t.Errorf("the state is %v", state)
	}
	if c.count("create") != 1 {
		t.Error("the update created something")
	}
}

func TestARefreshReportsDriftAndNothingElse(t *testing.T) {
	c := newCloud()
	e := attach(t, serve(t, c), properties(map[string]any{"defaultTags": `{"tags": {"owner": "ann"}}`}))
	inputs := properties(map[string]any{
		"name": "media", "size": 1, "tags": map[string]any{"mine": "1"}, "rules": []any{map[string]any{"prefix": "a"}},
	})
	id, state := e.mustCreate(inputs)

	if _, readInputs, readState := e.read(id, inputs, state); !readInputs.DeepEquals(inputs) || !readState.DeepEquals(state) {
		t.Errorf("without drift, the inputs are %v and the state is %v, want %v and %v", readInputs, readState, inputs, state)
	}
	c.buckets[id].size, c.buckets[id].tags["foreign"], c.buckets[id].cleared = 7, "1", true
	_, readInputs, readState := e.read(id, inputs, state)
	if want := properties(map[string]any{"name": "media", "size": 7, "tags": map[string]any{"mine": "1", "foreign": "1"}}); !readInputs.DeepEquals(want) {
		t.Errorf("with drift, the inputs are %v, want %v", readInputs, want)
	}
	if !readState["size"].DeepEquals(resource.NewProperty(7.0)) {
		t.Errorf("with drift, the state is %v", readState)
	}
	delete(c.buckets, id)
	if gone, _, _ := e.read(id, inputs, state); gone != "" {
		t.Errorf("a bucket that is gone is read as %q", gone)
	}
	if _, err := e.client.Delete(t.Context(), &pulumirpc.DeleteRequest{
		Urn: bucketURN, Id: id, OldInputs: e.marshal(inputs), Properties: e.marshal(state),
	}); err != nil {
		t.Errorf("deleting a bucket that is gone: %v", err)
	}
}

func TestAnImportReadsTheInputs(t *testing.T) {
	c := newCloud()
	e := attach(t, serve(t, c), nil)
	c.buckets["b-9"] = &bucket{name: "found", tags: map[string]string{"a": "1"}}
	id, inputs, state := e.read("b-9", nil, nil)
	if want := properties(map[string]any{"name": "found", "tags": map[string]any{"a": "1"}}); id != "b-9" || !inputs.DeepEquals(want) {
		t.Errorf("the inputs of %s are %v, want %v", id, inputs, want)
	}
	if !state["arn"].DeepEquals(resource.NewProperty("arn:b-9")) {
		t.Errorf("the state is %v", state)
	}
}
