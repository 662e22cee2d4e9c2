package awsprovider

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

type listenerAction struct {
	Type           string            `pulumi:"type"`
	TargetGroupArn *string           `pulumi:"targetGroupArn,optional"`
	Redirect       *listenerRedirect `pulumi:"redirect,optional"`
}

type listenerRedirect struct {
	Protocol   *string `pulumi:"protocol,optional"`
	Host       *string `pulumi:"host,optional"`
	Port       *string `pulumi:"port,optional"`
	Path       *string `pulumi:"path,optional"`
	Query      *string `pulumi:"query,optional"`
	StatusCode string  `pulumi:"statusCode"`
}

// whole is the redirect with the official provider's defaults: each part stays
// as the request has it.
func (r listenerRedirect) whole() listenerRedirect {
	for part, same := range map[**string]string{
		&r.Protocol: "#{protocol}", &r.Host: "#{host}", &r.Port: "#{port}", &r.Path: "/#{path}", &r.Query: "#{query}",
	} {
		if *part == nil {
			*part = aws.String(same)
		}
	}
	return r
}

func (in *listenerInputs) actions() []types.Action {
	var actions []types.Action
	for _, action := range in.DefaultActions {
		made := types.Action{Type: types.ActionTypeEnum(action.Type), TargetGroupArn: action.TargetGroupArn}
		if action.Redirect != nil {
			redirect := action.Redirect.whole()
			made.RedirectConfig = &types.RedirectActionConfig{
				Protocol: redirect.Protocol, Host: redirect.Host, Port: redirect.Port, Path: redirect.Path, Query: redirect.Query,
				StatusCode: types.RedirectActionStatusCodeEnum(redirect.StatusCode),
			}
		}
		actions = append(actions, made)
	}
	return actions
}

// observeActions are the actions that the API reports, in the words of the known
// ones where they mean the same.
func observeActions(known []listenerAction, observed []types.Action) []listenerAction {
	var actions, whole []listenerAction
	for _, action := range observed {
		found := listenerAction{Type: string(action.Type), TargetGroupArn: action.TargetGroupArn}
		if redirect := action.RedirectConfig; redirect != nil {
			found.Redirect = &listenerRedirect{
				Protocol: redirect.Protocol, Host: redirect.Host, Port: redirect.Port, Path: redirect.Path, Query: redirect.Query,
				StatusCode: string(redirect.StatusCode),
			}
		}
		actions = append(actions, found)
	}
	for _, action := range known {
		if action.Redirect != nil {
			redirect := action.Redirect.whole()
			action.Redirect = &redirect
		}
		whole = append(whole, action)
	}
	if reflect.DeepEqual(whole, actions) {
		return known
	}
	return actions
}
