package awsprovider

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"mediaserver/tests/internal/provider"
)

type listenerInputs struct {
	LoadBalancerArn string            `pulumi:"loadBalancerArn"`
	Port            int32             `pulumi:"port"`
	Protocol        string            `pulumi:"protocol"`
	DefaultActions  []listenerAction  `pulumi:"defaultActions"`
	Tags            map[string]string `pulumi:"tags,optional"`
}

type listenerAction struct {
	Type           string  `pulumi:"type"`
	TargetGroupArn *string `pulumi:"targetGroupArn,optional"`
}

type listenerOutputs struct {
	Arn string `pulumi:"arn"`
}

var lbListener = &kind[listenerInputs, listenerOutputs]{
	Token:   "aws:lb/listener:Listener",
	Replace: []string{"loadBalancerArn"},
	Check:   checkListener,
	Create:  createListener,
	Read:    readListener,
	Update:  updateListener,
	Delete: func(ctx context.Context, client *api, id string, _ *listenerInputs, _ *listenerOutputs) error {
		_, err := client.LoadBalancing.DeleteListener(ctx, &elasticloadbalancingv2.DeleteListenerInput{ListenerArn: &id})
		return err
	},
	SetTags:    setLoadBalancingTags[listenerOutputs],
	RemoveTags: removeLoadBalancingTags[listenerOutputs],
}

func checkListener(in *listenerInputs, problems *provider.Problems) {
	checkRange(problems, "port", in.Port, 1, 65535)
	checkOneOf(problems, "protocol", in.Protocol, []string{"HTTP"})
	for i, action := range in.DefaultActions {
		path := "defaultActions[" + strconv.Itoa(i) + "]"
		checkOneOf(problems, path+".type", action.Type, []string{"forward"})
		if action.TargetGroupArn == nil {
			problems.Refuse(path+".targetGroupArn", "", "must be stated, as the action forwards")
		}
	}
}

func createListener(ctx context.Context, client *api, in *listenerInputs) (string, error) {
	created, err := client.LoadBalancing.CreateListener(ctx, &elasticloadbalancingv2.CreateListenerInput{
		LoadBalancerArn: &in.LoadBalancerArn,
		Port:            &in.Port,
		Protocol:        types.ProtocolEnum(in.Protocol),
		DefaultActions:  in.actions(),
		Tags:            tagList(in.Tags, loadBalancingTag),
	})
	if err != nil {
		return "", err
	}
	return *created.Listeners[0].ListenerArn, nil
}

func readListener(ctx context.Context, client *api, id string, in *listenerInputs, out *listenerOutputs) error {
	found, err := client.LoadBalancing.DescribeListeners(ctx,
		&elasticloadbalancingv2.DescribeListenersInput{ListenerArns: []string{id}})
	if err != nil {
		return err
	}
	if len(found.Listeners) == 0 {
		return provider.ErrNotFound
	}
	observed := found.Listeners[0]
	observeRequired(&in.LoadBalancerArn, observed.LoadBalancerArn)
	observeRequired(&in.Port, observed.Port)
	in.Protocol = string(observed.Protocol)
	var actions []listenerAction
	for _, action := range observed.DefaultActions {
		actions = append(actions, listenerAction{Type: string(action.Type), TargetGroupArn: action.TargetGroupArn})
	}
	in.DefaultActions = actions
	out.Arn = id
	return observeLoadBalancingTags(ctx, client, id, &in.Tags)
}

func updateListener(ctx context.Context, client *api, id string, _, in *listenerInputs, _ *listenerOutputs) error {
	_, err := client.LoadBalancing.ModifyListener(ctx, &elasticloadbalancingv2.ModifyListenerInput{
		ListenerArn:    &id,
		Port:           &in.Port,
		Protocol:       types.ProtocolEnum(in.Protocol),
		DefaultActions: in.actions(),
	})
	return err
}

func (in *listenerInputs) actions() []types.Action {
	var actions []types.Action
	for _, action := range in.DefaultActions {
		actions = append(actions, types.Action{
			Type: types.ActionTypeEnum(action.Type), TargetGroupArn: action.TargetGroupArn,
		})
	}
	return actions
}
