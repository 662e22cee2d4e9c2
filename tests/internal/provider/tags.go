package provider

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const tagsKey, tagsAllKey = "tags", "tagsAll"

// allTags is what a resource carries: the default tags, and its own over them.
func allTags(inputs object, defaults map[string]string) any {
	if _, isUnknown := inputs[tagsKey].(resource.Computed); isUnknown {
		return unknown
	}
	all := object{}
	for key, value := range defaults {
		all[key] = value
	}
	own, _ := inputs[tagsKey].(object)
	maps.Copy(all, own)
	return all
}

// ownTags is what remains of observed tags when those are taken away that the defaults explain and the program did not
// state.
func ownTags(observed, stated object, defaults map[string]string) object {
	own := maps.Clone(observed)
	maps.DeleteFunc(own, func(key string, value any) bool {
		inherited, isDefault := defaults[key]
		_, isStated := stated[key]
		return isDefault && value == inherited && !isStated
	})
	return own
}

// tagChanges says which tags lead from old to all, and which old ones to remove.
func tagChanges(old, all any) (set map[string]string, remove []string) {
	set = map[string]string{}
	before, _ := old.(object)
	after, _ := all.(object)
	for key, value := range after {
		if before[key] != value {
			set[key], _ = value.(string)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, stays := after[key]; !stays {
			remove = append(remove, key)
		}
	}
	return set, remove
}
