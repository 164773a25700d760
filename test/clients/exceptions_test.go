package clients

import (
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/test/harness"
)

// declaredIn are the exceptions of a service, each with the first of the operations that the command line does not have which may give it.
func declaredIn(service *api.Service) map[*fault.Kind]*api.Operation {
	first := map[*fault.Kind]*api.Operation{}
	for _, operation := range service.ServedOnly {
		for _, kind := range operation.Refusals {
			if first[kind] == nil {
				first[kind] = operation
			}
		}
	}
	return first
}

// Programs branch on the classes of exceptions, so each has to become its own. What brings each about is the rooms' business, and tested
// there: here they are asked for at /_dev/fault.
func TestClientsKnowTheExceptionsOfConfiguration(t *testing.T) {
	server := harness.Start(t)
	withEveryClient(t, &world{party: &party{T: t, server: server}}, func(p *party) {
		for _, service := range []*api.Service{api.SSOAdmin, api.IdentityStore, api.STS} {
			for kind, operation := range declaredIn(service) {
				p.run(operation.Name+" "+kind.Name, func(p *party) {
					p.server.Control(200, "/_dev/fault", map[string]any{"operation": operation.Name, "exception": kind.Name, "times": 1}, nil)
					_, got := p.try(operation, wellFormed(operation))
					switch {
					case got == nil:
						p.Fatal("the call was answered")
					case !got.Typed || !sameClass(got.Exception, kind.Name):
						p.Errorf("refused with %+v, want %s as a type of its own", *got, kind.Name)
					case got.Status != kind.Status || got.Message == "" || !isRequestID(got.RequestID):
						p.Errorf("refused with %+v, want status %d, a message and a request id", *got, kind.Status)
					}
				})
			}
		}
	})
}

// sameClass compares the name of a class with that of the wire: languages add the word Exception, and Java spells IDP its way.
func sameClass(class, wire string) bool {
	return strings.EqualFold(strings.TrimSuffix(class, "Exception"), strings.TrimSuffix(wire, "Exception"))
}
