import { type Actions, redirect, type ServerLoad } from "@sveltejs/kit";
import { current } from "../../../../current.ts";

export const load: ServerLoad = async ({ request }) => {
  const session = await current().session.getSession(request, undefined);
  return { userId: session.getUserId() };
};

export const actions: Actions = {
  async login({ request, cookies }) {
    const form = await request.formData();
    cookies.set("form", "1", { path: "/" });
    await current().session.createNewSession(request, undefined, String(form.get("user")));
    redirect(303, "/page");
  },
};
