package web

import (
	"net/http"
	"strings"
)

// startURL answers our own start URL. Browsers get the portal. AWS CLIs ask with HEAD whether the address is one of AWS's, and go by
// where it redirects to (since 2.35.13); they, and everything else that is no browser, get that one redirect.
func (h *Handler) startURL(v *visit) error {
	if !isBrowser(v.r) {
		return v.redirect(http.StatusFound, h.StartURLs.Redirect())
	}
	return h.showPortal(v)
}

// home answers the bare address, which is taken for the start URL as well.
func (h *Handler) home(v *visit) error {
	if !isBrowser(v.r) {
		return v.redirect(http.StatusFound, h.StartURLs.Redirect())
	}
	return v.seeOther(PathPortal)
}

func isBrowser(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}
