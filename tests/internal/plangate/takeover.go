package plangate

import "strings"

// takeovers are the types of which making one takes over, or writes over, one of the same name that is there, by the
// inputs that name it (API references: PutMetricAlarm, PutDashboard, PutScalingPolicy and RegisterScalableTarget of
// Application Auto Scaling, CreateTopic, PutClusterCapacityProviders, CreateLoadBalancer and CreateTargetGroup of
// Elastic Load Balancing, which succeed again with the same settings; of clusters, terraform-provider-aws#44817). Of the
// others AWS or the provider makes no second one.
var takeovers = map[string][]string{
	metricAlarm:    {"name"},
	dashboard:      {"dashboardName"},
	topic:          {"name"},
	scalableTarget: {"serviceNamespace", "scalableDimension", "resourceId"},
	scalingPolicy:  {"name", "serviceNamespace", "scalableDimension", "resourceId"},
	cluster:        {"name"},
	"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {"clusterName"},
	loadBalancer: {"name"},
	targetGroup:  {"name"},
}

// takesOver judges a new resource that has, or may have, the name of one that is there: that one then becomes as the
// new one, and goes with it.
func (p Plan) takesOver(step Step) []Weakening {
	kind := resourceType(step.URN)
	naming, has := takeovers[kind]
	if !has {
		return nil
	}
	after := inputsOf(step.After)
	for _, other := range p.Steps {
		if resourceType(other.URN) != kind || other.Before == nil {
			continue
		}
		before := inputsOf(other.Before)
		mayBeTheSame := true
		for _, property := range naming {
			name := after.at(property)
			mayBeTheSame = mayBeTheSame && (!name.shown() || sameValue(before.at(property).content, name.content))
		}
		if mayBeTheSame {
			last := naming[len(naming)-1]
			return []Weakening{{strings.Join(naming, ", "), "another name than that of " + resourceName(other.URN), after.at(last).String(), "what is there already is written over, and goes with it"}}
		}
	}
	return nil
}
