// The token of the link is exchanged for a cookie once, and leaves the address.

// Null if this browser is admitted now; otherwise a sentence for the page.
export async function enter() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  try {
    if (token !== null) {
      history.replaceState(null, "", location.pathname + location.search);
      const answer = await fetch("/session", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }),
      });
      if (!answer.ok) return await answer.text();
      return null;
    }
    const me = await fetch("/me");
    return me.ok ? null : await me.text();
  } catch {
    return null; // there is no server now; the connection says so, and tries again
  }
}
