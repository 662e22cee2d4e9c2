package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// expectations are testdata/resources.yaml.
type expectations struct {
	Default object
	Cases   []stackCase
}

// stackCase is what a stack has otherwise than with default settings.
type stackCase struct {
	Name string
	// From are the cases that this one adds to.
	From     []string
	Settings object
	// Account are the fields of account that differ.
	Account object
	// Replace are texts in inputs and outputs, each with the one in its place.
	Replace map[string]string
	// Changes are values by their paths. Nil takes the value away.
	Changes object
}

func TestTheProgramRegistersWhatTheSettingsAskForAndNothingElse(t *testing.T) {
	expected := readYAML[expectations](t, "testdata/resources.yaml")
	waits, types := map[string]list{}, map[string]string{}
	for _, each := range inventory(t) {
		waits[each.key()], types[each.key()] = converted[list](t, slices.Sorted(slices.Values(each.DependsOn))), each.Type
	}
	untested, unseen := defaults(), maps.Clone(types)
	for _, each := range append(expected.Cases, stackCase{Name: "default settings"}) {
		setup := setup{object{}, object{}, converted[object](t, expected.Default), waits}
		setup.addWaits()
		setup.add(t, expected, each)
		recorder := newRecorder()
		recorder.account = merged(t, recorder.account, setup.account)
		if err := recorder.deploy(setup.settings); err != nil {
			t.Errorf("%s: %v", each.Name, err)
			continue
		}
		for _, difference := range differences(each.Name+": ", recorder.stack(t), any(setup.want)) {
			t.Error(difference)
		}
		for key := range setup.settings {
			delete(untested, key)
		}
		for _, r := range recorder.records {
			key := r.key()
			if resourceKind(r.token) == "TopicSubscription" {
				// There is one for each address, which is its name.
				key = "TopicSubscription oncall@example.com"
			}
			if types[key] != r.token {
				t.Errorf("%s: %s is a %s, the inventory says %q", each.Name, key, r.token, types[key])
			}
			delete(unseen, key)
		}
	}
	if len(untested) > 0 || len(unseen) > 0 {
		t.Errorf("no case sets %v, and none brings %v", slices.Sorted(maps.Keys(untested)), slices.Sorted(maps.Keys(unseen)))
	}
}

// find is the case with a name.
func (e expectations) find(name string) stackCase {
	i := slices.IndexFunc(e.Cases, func(each stackCase) bool { return each.Name == name })
	return e.Cases[i]
}

// setup is what a case deploys, and what it should get.
type setup struct {
	settings, account, want object
	// waits are what each resource waits for with all settings, by the keys of the resources.
	waits map[string]list
}

// add makes the changes of a case.
func (s *setup) add(t *testing.T, e expectations, c stackCase) {
	t.Helper()
	for _, name := range c.From {
		s.add(t, e, e.find(name))
	}
	maps.Copy(s.settings, c.Settings)
	maps.Copy(s.account, c.Account)
	var replacements []string
	for from, to := range c.Replace {
		replacements = append(replacements, from, to)
	}
	for _, described := range s.want {
		for property, value := range described.(object) {
			if property != "options" {
				described.(object)[property] = replaced(value, strings.NewReplacer(replacements...))
			}
		}
	}
	for path, value := range converted[object](t, c.Changes) {
		set(s.want, strings.Split(path, "/"), value)
	}
	s.addWaits()
}

// addWaits lets each resource wait for what the inventory says, unless something else is said.
func (s *setup) addWaits() {
	for key, needed := range s.waits {
		described, isThere := s.want[key].(object)
		if !isThere || len(needed) == 0 {
			continue
		}
		if described["options"] == nil {
			described["options"] = object{}
		}
		if options := described["options"].(object); options["dependsOn"] == nil {
			options["dependsOn"] = slices.Clone(needed)
		}
	}
}

// replaced is a value with other texts in it.
func replaced(value any, replacer *strings.Replacer) any {
	switch value := value.(type) {
	case string:
		return replacer.Replace(value)
	case object:
		for key, element := range value {
			value[key] = replaced(element, replacer)
		}
	case list:
		for i, element := range value {
			value[i] = replaced(element, replacer)
		}
	}
	return value
}

// set changes what is at a path.
func set(at any, path []string, value any) {
	if elements, isList := at.(list); isList {
		i, _ := strconv.Atoi(path[0])
		if len(path) == 1 {
			elements[i] = value
		} else {
			set(elements[i], path[1:], value)
		}
		return
	}
	properties := at.(object)
	switch {
	case len(path) == 1 && value == nil:
		delete(properties, path[0])
	case len(path) == 1:
		properties[path[0]] = value
	default:
		if properties[path[0]] == nil {
			properties[path[0]] = object{}
		}
		set(properties[path[0]], path[1:], value)
	}
}

// stack is all that a run registered, looked up and exported.
func (r *recorder) stack(t *testing.T) object {
	t.Helper()
	all := object{"lookups": r.lookups, "outputs": r.outputs}
	for _, each := range r.records {
		if _, twice := all[each.key()]; twice {
			t.Errorf("%s is registered twice", each.key())
		}
		described := maps.Clone(each.inputs)
		if len(each.options) > 0 {
			described["options"] = each.options
		}
		all[each.key()] = described
	}
	all = converted[object](t, all)
	body := all["Dashboard mediaserver"].(object)["dashboardBody"].(object)
	widgets := object{}
	for _, each := range body["widgets"].(list) {
		widgets[each.(object)["properties"].(object)["title"].(string)] = each
	}
	if len(widgets) != len(body["widgets"].(list)) {
		t.Error("two widgets have the same title")
	}
	body["widgets"] = widgets
	return all
}

// differences says where two values differ.
func differences(path string, got, want any) []string {
	gotObject, gotIsObject := got.(object)
	wantObject, wantIsObject := want.(object)
	gotList, gotIsList := got.(list)
	wantList, wantIsList := want.(list)
	var found []string
	switch {
	case gotIsObject && wantIsObject:
		keys := maps.Clone(gotObject)
		maps.Copy(keys, wantObject)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			found = append(found, differences(path+"/"+key, gotObject[key], wantObject[key])...)
		}
	case gotIsList && wantIsList && len(gotList) == len(wantList):
		for i := range gotList {
			found = append(found, differences(fmt.Sprintf("%s/%d", path, i), gotList[i], wantList[i])...)
		}
	case !reflect.DeepEqual(got, want):
		found = append(found, fmt.Sprintf("%s is %v, want %v", path, got, want))
	}
	return found
}

// merged is an account with other values for some of its fields.
func merged(t *testing.T, base account, changes object) account {
	t.Helper()
	text, err := json.Marshal(changes)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &base); err != nil {
		t.Fatal(err)
	}
	return base
}
