import express from "express";
import { Session } from "./session.js";

let app = express();

app.post("/like-comment", async (req, res, next) => {
  try {
    let session = await Session.getSession(req, res, { sessionRequired: false })

    if (session !== undefined) {
      let userId = session.getUserId();
      res.json({ userId });
    } else {
      // user is not logged in...
      res.json({ userId: null });
    }
    //....
  } catch (err) {
    next(err);
  }
});

export { app };
