package provider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	tagsKey    resource.PropertyKey = "tags"
	tagsAllKey resource.PropertyKey = "tagsAll"
)

// allTags is what a resource carries: the default tags, and its own over them.
func allTags(inputs resource.PropertyMap, defaults map[string]string) resource.PropertyValue {
	own := reveal(inputs[tagsKey])
	if own.ContainsUnknowns() {
		return resource.MakeComputed(resource.NewProperty(""))
	}
	all := resource.PropertyMap{}
	for key, value := range defaults {
		all[resource.PropertyKey(key)] = resource.NewProperty(value)
	}
	if own.IsObject() {
		for key, value := range own.ObjectValue() {
			all[key] = value
		}
	} else if !own.IsNull() {
		return own
	}
	return resource.NewProperty(all)
}

// ownTags is what remains of observed tags when those are taken away that the
// defaults explain and the program did not state.
func ownTags(observed, own resource.PropertyValue, defaults map[string]string) resource.PropertyMap {
	stated := resource.PropertyMap{}
	if revealed := reveal(own); revealed.IsObject() {
		stated = revealed.ObjectValue()
	}
	tags := resource.PropertyMap{}
	for key, value := range observed.ObjectValue() {
		inherited, isDefault := defaults[string(key)]
		if _, isStated := stated[key]; isStated || !isDefault || !value.DeepEquals(resource.NewProperty(inherited)) {
			tags[key] = value
		}
	}
	return tags
}

// tagChanges says which tags lead from old to all, and which old ones to remove.
func tagChanges(old, all resource.PropertyValue) (set map[string]string, remove []string) {
	set = map[string]string{}
	before, after := resource.PropertyMap{}, resource.PropertyMap{}
	if revealed := reveal(old); revealed.IsObject() {
		before = revealed.ObjectValue()
	}
	if revealed := reveal(all); revealed.IsObject() {
		after = revealed.ObjectValue()
	}
	for key, value := range after {
		if previous, ok := before[key]; !ok || !previous.DeepEquals(value) {
			set[string(key)] = value.StringValue()
		}
	}
	for _, key := range before.StableKeys() {
		if _, ok := after[key]; !ok {
			remove = append(remove, string(key))
		}
	}
	return set, remove
}
